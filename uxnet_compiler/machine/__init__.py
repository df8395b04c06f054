"""What this machine can do: devices, and the precision that is right and fast on them."""

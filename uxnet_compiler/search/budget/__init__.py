"""What a network may cost: prices, a penalty while searching, a fit at the end."""

"""Pages for a browser: one HTML file each, that loads nothing and works from a USB stick."""

"""Domain object in, message out."""

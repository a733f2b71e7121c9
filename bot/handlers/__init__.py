"""What a press or a text sets in motion."""

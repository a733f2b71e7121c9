"""What the simulated TWS does on each request, by theme."""

"""What vehicle values mean: pure, without clock, bus or network."""

"""Results in, bytes out: one document per unit, from printed figures only."""

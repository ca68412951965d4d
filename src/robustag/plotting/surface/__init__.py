"""The loss around jets and around the weights."""

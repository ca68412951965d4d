"""The simulated sample: its spectra, its objects, its truth, and the public data set beside it."""

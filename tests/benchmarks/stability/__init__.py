"""Do verdicts survive another root seed? Compares the claims of finished studies."""

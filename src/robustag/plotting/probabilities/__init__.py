"""What the predicted probabilities are worth."""

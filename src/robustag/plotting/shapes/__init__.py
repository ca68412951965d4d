"""Distributions of inputs and scores, raw and attacked."""

"""What attacks cost: ROC curves, areas and rates at fixed cuts, raw and attacked."""

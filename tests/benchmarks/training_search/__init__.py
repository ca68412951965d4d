"""Search for the optimiser and the schedule of the clean arm."""

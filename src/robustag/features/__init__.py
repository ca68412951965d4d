"""What the inputs of a data set are: names, units, missing values, shift factors, physical ranges."""

from robustag.features.selection import select_inputs
from robustag.features.table import FeatureTable

__all__ = ["FeatureTable", "select_inputs"]

"""What the inputs of a data set are: blocks, names, units, roles, missing values, physical ranges."""

from robustag.features.selection import select_inputs
from robustag.features.table import FeatureTable

__all__ = ["FeatureTable", "select_inputs"]

"""Per-jet numbers derived from the geometry table; shared by the surface figure and the claims."""

import numpy as np
import pandas as pd


def slope_sharing(geometry: pd.DataFrame, feature_x: str, feature_y: str) -> np.ndarray:
    """Smaller over larger of the two slopes |dL/dx|, |dL/dy| of each jet, float64 [N] in [0, 1].

    One means that both inputs change the loss equally, so the steepest direction is a diagonal; zero means
    that the loss is flat along one of them. NaN where both slopes are zero.
    """
    slopes = np.abs(geometry[[f"grad_{feature_x}", f"grad_{feature_y}"]].to_numpy(float))
    largest = slopes.max(axis=1)
    return np.divide(slopes.min(axis=1), largest, out=np.full(len(slopes), np.nan), where=largest > 0)


def relative_interaction(geometry: pd.DataFrame) -> np.ndarray:
    """|mixed second difference| over the range of the loss in the jet's own plane, float64 [N]; NaN if flat.

    The mixed difference L(+,+) - L(+,-) - L(-,+) + L(-,-) of the plane's corners vanishes when the two inputs
    act independently of each other.
    """
    spread = geometry["loss_range"].to_numpy(float)
    mixed = np.abs(geometry["mixed_difference"].to_numpy(float))
    return np.divide(mixed, spread, out=np.full(len(spread), np.nan), where=spread > 0)

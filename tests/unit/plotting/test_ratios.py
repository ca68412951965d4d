"""Ratio panels: no point is lost beyond the axis."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from robustag.plotting.shapes.ratios import draw_ratios

ROWS = pd.DataFrame(
    {
        "low": [0.0, 1.0, 2.0, 3.0, 4.0],
        "high": [1.0, 2.0, 3.0, 4.0, 5.0],
        "ratio": [1.1, 7.0, 0.0, np.nan, 9.0],
        "ratio_spread": 0.1,
    }
)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_ratios_beyond_the_axis_are_triangles_at_its_ends(scale):
    axes = Figure().subplots()
    axes.set_yscale(scale)
    axes.set_ylim(0.5, 2.0)
    draw_ratios(axes, ROWS, "black")
    points = {line.get_marker(): line for line in axes.lines}
    np.testing.assert_allclose(points["o"].get_xdata().astype(float), [0.5])
    np.testing.assert_allclose(points["^"].get_xdata(), [1.5, 4.5])
    np.testing.assert_allclose(points["v"].get_xdata(), [2.5])
    for marker, height in (("^", 2.0), ("v", 0.5)):
        line = points[marker]
        pixel = line.get_transform().transform(line.get_xydata())[:, 1]
        edge = axes.transData.transform((1.5, height))[1]
        assert (abs(pixel - edge) < 0.1 * axes.bbox.height).all()
    assert axes.get_ylim() == (0.5, 2.0)

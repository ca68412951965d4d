"""The figure of calibration uncertainties: what it shows, filled where it is significant."""

import numpy as np
import pandas as pd
import pytest

from robustag.evaluation.scale_factors import TOTAL
from robustag.plotting.mismodelling.scale_factors import draw_scale_factors, scale_factor_table
from robustag.plotting.options import Pair

PAIRS = [Pair("clean", "clean_nominal", "clean_fgsm"), Pair("other", "clean_nominal", "other_fgsm")]
POINTS = [0.1, 0.01]
# Nine sources, the larger the later; the largest is significant for no rate.
SIZES = {f"source_{number}": 0.01 * number for number in range(1, 9)} | {"unknown": 5.0, TOTAL: 0.2}


@pytest.fixture
def compared():
    rows = []
    for pair in PAIRS:
        for discriminator, metric in (
            *(("BvL", "fixed_cut_efficiency"), ("BvC", "fixed_cut_mistag"), ("BvL", "fixed_cut_mistag")),
            ("CvL", "fixed_cut_mistag"),
        ):
            for point in POINTS:
                for source, size in SIZES.items():
                    rows.append(
                        {
                            **{"pair": pair.label, "discriminator": discriminator, "metric": metric},
                            **{"working_point": point, "source": source, "resolved": source != "unknown"},
                            **{"nominal": size, "nominal_error": 0.002},
                            **{"adversarial": size / 2, "adversarial_error": 0.002},
                        }
                    )
    return pd.DataFrame(rows)


def test_the_table_has_the_total_and_the_largest_significant_sources(compared):
    table = scale_factor_table(compared, PAIRS[0], ["BvL", "BvC", "CvL"])
    largest = [TOTAL, *(f"source_{number}" for number in (8, 7, 6, 5, 4, 3))]
    assert list(dict.fromkeys(table["source"])) == largest
    assert set(table["pair"]) == {"clean"}
    assert len(table) == 3 * len(POINTS) * len(largest)
    assert "CvL" not in set(table["discriminator"])


def test_a_panel_has_nominal_beside_adversarial_in_per_cent(compared):
    compared.loc[compared["source"] == "source_8", "resolved"] = compared["working_point"] == 0.1
    table = scale_factor_table(compared, PAIRS[1], ["BvL", "BvC"])
    figure = draw_scale_factors(table, PAIRS, PAIRS[1], POINTS, "sample")
    assert len(figure.axes) == 3 * len(POINTS)
    tight = figure.axes[3]
    points = [line for line in tight.lines if line.get_marker() == "o" or line.get_linestyle() == "None"]
    shown = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in points])
    assert {20.0, 10.0, 7.0, 3.5} <= set(np.round(shown, 6))
    hollow = [line for line in points if line.get_markerfacecolor() == "white"]
    assert sorted(np.concatenate([line.get_xdata() for line in hollow])) == pytest.approx([4.0, 8.0])
    labels = [axes.get_xlabel() for axes in figure.axes[3:]]
    assert labels == [
        *("uncertainty of\nBvL b efficiency [%]", "uncertainty of\nBvC c mis-tag rate [%]"),
        "uncertainty of\nBvL light mis-tag rate [%]",
    ]


def test_a_study_in_which_nothing_is_significant_is_drawn(compared):
    compared = compared.assign(resolved=False)
    table = scale_factor_table(compared, PAIRS[0], ["BvL"])
    figure = draw_scale_factors(table, PAIRS, PAIRS[0], POINTS, "sample")
    assert len(figure.axes) == 2 * len(POINTS)
    shown = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in figure.axes[0].lines])
    assert 20.0 not in np.round(shown, 6)  # the total

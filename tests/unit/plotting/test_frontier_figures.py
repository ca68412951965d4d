"""The figures of ways of training: where each stands, and what it has seen."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.evaluation.test_frontier import (
    AUCS,
    CHANGES,
    DISCRIMINATORS,
    MODELS,
    SOURCES,
    compared,
    study,
)

from robustag.evaluation import PSEUDO_DATA
from robustag.evaluation.coverage import LINEAR, coverage
from robustag.evaluation.frontier import uncertainties
from robustag.evaluation.pseudo_data import calibrated
from robustag.evaluation.residuals import ALIKE_SOURCE, residuals
from robustag.evaluation.scale_factors import TOTAL
from robustag.mismodelling.sources import Source
from robustag.plotting.mismodelling.closure import closure_table, draw_closure
from robustag.plotting.mismodelling.frontier import draw_frontier, frontier_panels, frontier_table
from robustag.plotting.mismodelling.leave_one_out import draw_leave_one_out, leave_one_out_table


@pytest.fixture(scope="module")
def found():
    return compared(study(CHANGES, AUCS))


def test_the_frontier_has_every_model_in_every_panel(found):
    table = frontier_table(*found, "nominal", "BvL", 0.01)
    panels = frontier_panels(DISCRIMINATORS, ["fgsm"], 0.05)
    assert [panel.name for panel in panels] == [
        *("BvL fixed_cut_efficiency", "BvC fixed_cut_mistag", "BvL fixed_cut_mistag", "BvL fgsm")
    ]
    assert {name: list(rows["model"]) for name, rows in table.groupby("panel")} == {
        panel.name: ["nominal", *MODELS] for panel in panels
    }
    half = table[(table["model"] == "half") & (table["panel"] == "BvL fixed_cut_efficiency")].iloc[0]
    assert half["value"] == pytest.approx(0.025, rel=0.05)
    assert half["raw"] == pytest.approx(0.9295, abs=1e-3)
    attacked = table[table["panel"] == "BvL fgsm"].set_index("model")["value"]
    assert attacked["costly"] == pytest.approx(0.90, abs=1e-3)
    assert attacked["nominal"] == pytest.approx(0.88, abs=1e-3)
    figure = draw_frontier(table, panels, "BvL", "sample")
    assert len(figure.axes) == 4
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["nominal", *MODELS]
    uncertainty = figure.axes[0]
    shown = sorted(float(line.get_ydata()[0]) for line in uncertainty.lines if len(line.get_xdata()) == 1)
    assert shown == pytest.approx([1.41, 2.5, 5.0, 6.4], rel=0.05)


def test_no_two_of_many_ways_look_alike(found):
    table = frontier_table(*found, "nominal", "BvL", 0.01)
    nominal = table[table["model"] == "nominal"]
    many = [nominal, *(nominal.assign(model=f"way {number}") for number in range(40))]
    panels = frontier_panels(DISCRIMINATORS, ["fgsm"], 0.05)
    figure = draw_frontier(pd.concat(many), panels, "BvL", "sample")
    looks = {(line.get_color(), line.get_marker()) for line in figure.legends[0].get_lines()}
    assert len(looks) == 41


def test_the_matrix_frames_what_was_seen_and_says_per_cent(found):
    table = leave_one_out_table(found[0], DISCRIMINATORS, 0.01, {"half": ["scale"]})
    assert set(table["source"]) == {TOTAL, "scale", "tails"}
    rows = table.query("discriminator == 'BvL' and metric == 'fixed_cut_mistag'").set_index(
        ["model", "source"]
    )
    assert rows.loc[("half", "scale"), "change"] == pytest.approx(-50, abs=4)
    assert rows.loc[("worse", "scale"), "change"] == pytest.approx(25, abs=4)
    assert rows["seen"].sum() == 1
    figure = draw_leave_one_out(table, "sample")
    assert len(figure.axes) == 3
    first = figure.axes[0]
    assert len(first.patches) == 1
    texts = [text.get_text() for text in first.texts]
    assert sum("±" in text for text in texts) == 9
    assert [label.get_text() for label in first.get_yticklabels()] == MODELS


def test_cells_without_effect_stay_white(found):
    uncertainties = found[0].copy()
    uncertainties.loc[uncertainties["source"] == "tails", "resolved"] = False
    uncertainties.loc[
        (uncertainties["source"] == "tails") & (uncertainties["metric"] == "fixed_cut_efficiency"), "resolved"
    ] = True
    table = leave_one_out_table(uncertainties, DISCRIMINATORS, 0.01, {})
    figure = draw_leave_one_out(table, "sample")
    counts = [sum("±" in text.get_text() for text in axes.texts) for axes in figure.axes]
    assert sorted(counts) == [6, 6, 9]
    assert np.isfinite(table["change"]).all()


def test_an_uncertainty_without_a_source_is_no_point(found):
    uncertainties = found[0].copy()
    uncertainties.loc[uncertainties["metric"] == "fixed_cut_efficiency", "resolved"] = False
    table = frontier_table(uncertainties, found[1], "nominal", "BvL", 0.01)
    panels = frontier_panels(DISCRIMINATORS, ["fgsm"], 0.05)
    first = draw_frontier(table, panels, "BvL", "sample").axes[0]
    assert [text.get_text() for text in first.texts if "significant" in text.get_text()]
    assert not first.lines


def test_the_closure_figure_has_every_rate_and_way_of_training(found):
    sources = {**SOURCES, "more": Source("scale", "detector", 1.0)}
    changes = {name: {**own, "more": own["up"] + 0.01} for name, own in CHANGES.items()}
    metrics = study(changes, AUCS)
    asked = "nominal", MODELS, DISCRIMINATORS, sources, 2.0
    claimed = uncertainties(metrics, *asked, 0.2)
    left = residuals(metrics, claimed, *asked)
    share = coverage(metrics, claimed, *asked, 1, 2000)
    table = closure_table(left, share, None, "nominal", DISCRIMINATORS, 0.01)
    rows = table.query("discriminator == 'BvL' and metric == 'fixed_cut_mistag' and model == 'half'")
    values = rows.set_index("shown")["value"]
    before = rows.set_index("shown")["before"]
    assert before[ALIKE_SOURCE] == pytest.approx(100 * np.sqrt((0.02**2 + 0.03**2) / 2), rel=0.02)
    assert values[ALIKE_SOURCE] == pytest.approx(1.0, rel=0.05)
    assert values[LINEAR] == pytest.approx(68, abs=4)
    assert len(table) == 3 * (1 + len(MODELS)) * 5
    figure = draw_closure(table, ["nominal", *MODELS], DISCRIMINATORS, "sample")
    assert len(figure.axes) == 6
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["nominal", *MODELS]
    assert len(figure.legends[0].get_texts()) == 6
    rates = study({name: {PSEUDO_DATA: 0.02} for name in CHANGES}, AUCS)
    played = calibrated(rates, metrics, claimed, *asked)
    nothing = (pd.DataFrame(columns=rows.columns) for rows in (left, share, played))
    nothing = closure_table(*nothing, "nominal", DISCRIMINATORS, 0.01)
    empty = draw_closure(nothing, ["nominal", *MODELS], DISCRIMINATORS, "sample")
    assert all("significant" in axes.texts[0].get_text() for axes in empty.axes)
    table = closure_table(left, share, played, "nominal", DISCRIMINATORS, 0.01)
    pulls = table.query("panel == 'pull' and metric == 'fixed_cut_mistag' and discriminator == 'BvL'")
    pulls = pulls.set_index("model")["value"]
    assert pulls["costly"] == pytest.approx(
        0.02 / np.hypot(np.hypot(0.01, 0.02) / np.sqrt(2), 0.01), rel=0.05
    )
    figure = draw_closure(table, ["nominal", *MODELS], DISCRIMINATORS, "sample")
    assert len(figure.axes) == 9
    assert [axes.get_xlabel() for axes in figure.axes[6:]] == ["pull of pseudo-data"] * 3
    (points, *_) = figure.axes[8].lines
    assert list(points.get_xdata()) == pytest.approx(pulls[["nominal", *MODELS]].tolist())

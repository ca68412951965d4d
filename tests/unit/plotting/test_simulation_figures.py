"""The figures of the simulation on toys: what is shown, and that everything is on the page."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from tests.unit.validation.conftest import EFFICIENCY, toy_objects

from robustag.plotting.simulation import inputs, objects, truth
from robustag.validation.histograms import merge_histograms
from robustag.validation.lifetime import lifetime_histograms
from robustag.validation.tracks import track_histograms
from robustag.validation.vertices import vertex_histograms

SAMPLE = "13 TeV, toys"
EFFICIENCIES = ["efficiency_any", "efficiency_significant"]
FIGURES = ["inputs", "tracks", "vertices", "resolution", "lifetime"]


def all_histograms(objects):
    return merge_histograms(
        [fill(objects) for fill in (track_histograms, vertex_histograms, lifetime_histograms)]
    )


@pytest.fixture(scope="module")
def histograms():
    return all_histograms(toy_objects(3))


@pytest.fixture(scope="module")
def validation(table):
    """A validation table of random numbers in which some lie far outside, and one is not there."""
    rng = np.random.default_rng(8)
    rows = pd.DataFrame(
        {
            "input": table.names,
            "block": [each.block for each in table.inputs],
            "place": [-1 if each.place is None else each.place for each in table.inputs],
            "variable": [each.variable.name for each in table.inputs],
        }
    )
    for column in ("mean_shift", "mean_shift_error", "sigma_ratio_error", "missing"):
        rows[column] = rng.uniform(0.0, 0.4, table.size)
    rows["sigma_ratio"] = np.exp(rng.normal(0.0, 0.3, table.size))
    rows.loc[[3, 40], "sigma_ratio"] = [1e-3, 60.0]
    rows.loc[5, ["mean_shift", "sigma_ratio"]] = np.nan
    return rows.assign(**{f"missing_{flavour}": rows["missing"] for flavour in EFFICIENCY})


def shown(name, histograms, validation):
    module = {"inputs": inputs, "tracks": objects, "vertices": objects}.get(name, truth)
    table = getattr(module, f"{name}_table")(validation if name == "inputs" else histograms)
    return getattr(module, f"draw_{name}")(table, SAMPLE), table


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_whole_and_labelled(name, histograms, validation):
    figure, table = shown(name, histograms, validation)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    width, height = canvas.get_width_height()
    parts = [legend for axes in figure.axes if (legend := axes.get_legend())] + figure.legends
    for axes in figure.axes:
        parts += [axes.xaxis.label, axes.yaxis.label, axes._left_title, axes._right_title, *axes.texts]
        low, high = sorted(axes.yaxis.get_view_interval())
        # Matplotlib keeps labels of ticks that it does not draw.
        parts += [tick.label1 for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    for part in parts:
        box = part.get_window_extent(renderer)
        if box.width > 0:
            assert (box.min >= -1).all(), part
            assert (box.max <= (width + 1, height + 1)).all(), part
    titles = [axes.get_title(loc=side) for axes in figure.axes for side in ("left", "right")]
    assert "Simulation" in titles
    assert SAMPLE in titles
    assert len(table) > 0


@pytest.mark.parametrize("name", FIGURES[1:])
def test_an_empty_sample_still_makes_a_figure(name, validation):
    objects = toy_objects(3)
    empty = type(objects)(*(table.iloc[:0] for table in vars(objects).values()))
    figure, _ = shown(name, all_histograms(empty), validation)
    FigureCanvasAgg(figure).draw()


def test_the_overview_names_variables_and_tracks(validation):
    table = inputs.inputs_table(validation).set_index("input")
    assert table.loc["track_4_vertex_mass", ["variable", "place"]].tolist() == ["vertex_mass", 4]
    assert table.loc["track_2_d0_significance", ["variable", "place"]].tolist() == [
        "track_2_d0_significance",
        -1,
    ]
    assert table.loc["vertex_mass", ["variable", "place"]].tolist() == ["vertex_mass", -1]
    assert (table["place"] == -1).sum() == 16
    assert table.groupby("place").size().loc[0:5].tolist() == [28] * 6


def test_the_tables_hold_what_the_figures_say(histograms):
    vertices = objects.vertices_table(histograms)
    assert set(vertices["quantity"]) == {*objects.VERTEX_SHAPES, *EFFICIENCIES, "composition"}
    light = vertices[(vertices["quantity"] == "efficiency_any") & (vertices["flavour"] == "light")]
    assert light["value"].mean() == pytest.approx(EFFICIENCY["light"], abs=0.03)
    resolution = truth.resolution_table(histograms)
    fits = resolution[resolution["kind"] == "fit_width"].set_index("quantity")
    assert abs(fits.loc["d0_pull", "value"] - 1.0) < 4 * fits.loc["d0_pull", "error"]
    assert set(resolution["kind"]) == {"resolution", "pull", "fit_mean", "fit_width", "beyond_3"}
    lifetime = truth.lifetime_table(histograms)
    assert (lifetime[lifetime["kind"] == "fit"].groupby("quantity").size() == 5).all()

"""Figures of tables in which a flavour, a bin or a number is absent: it is NaN, and drawn as absent."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from tests.unit.plotting.conftest import ATTACKS

from robustag.plotting.mismodelling.losses import draw_mismodelling, mismodelling_table
from robustag.plotting.probabilities.calibration import calibration_table, draw_calibration
from robustag.plotting.probabilities.confusion import confusion_matrix, draw_confusion
from robustag.plotting.robustness.bins import bin_table, draw_bins
from robustag.plotting.robustness.epsilon import auc_epsilon_table, draw_auc_epsilon
from robustag.plotting.robustness.transfer import draw_transfer, transfer_table
from robustag.plotting.shapes import flavours as shapes
from robustag.plotting.shapes import inputs, thresholds
from robustag.plotting.shapes.distances import distance_table, draw_distances
from robustag.plotting.style import arm_models
from robustag.plotting.surface.statistics import draw_statistics, statistics_table
from robustag.plotting.surface.weights import draw_weights, weights_table

LABELS = {"track_0_D0": "d0"}
KINDS = {"jet_pt": "jet_pt", "track_0_D0": "track D0", "track_1_D0": "track D0"}


def drawn(figure):
    FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("way", ["absent", "unknown"])
def test_statistics_of_a_flavour_that_nobody_reads_right(surface_statistics, options, way):
    gone = (surface_statistics["flavour"] == "c") & (surface_statistics["model"] == "clean_fgsm")
    if way == "absent":
        some = surface_statistics[~gone]
    else:
        some = surface_statistics.assign(value=surface_statistics["value"].mask(gone))
    table = statistics_table(some, options["pairs"])
    rows = table[(table["model"] == "clean_fgsm") & (table["flavour"] == "c")]
    assert rows["value"].isna().all()
    assert table["value"].notna().any()
    drawn(draw_statistics(table, options["pairs"], options["sample"]))


@pytest.mark.parametrize("flavours", [("c",), ("b", "c", "light")])
@pytest.mark.parametrize("way", ["absent", "empty"])
def test_shapes_of_a_flavour_without_jets(histograms, options, flavours, way):
    gone = histograms["flavour"].isin(flavours)
    if way == "absent" and len(flavours) == 1:
        some = histograms[~gone]
    else:
        some = histograms.assign(count=histograms["count"].mask(gone, 0))
    pair, attack = options["pairs"][0], options["attack"]
    table = shapes.shape_table(some, "track_0_D0", pair, attack)
    drawn(shapes.draw_shapes(table, LABELS, attack, "sample"))
    assert table.loc[table["flavour"].isin(flavours), ["raw", "perturbed", "ratio"]].isna().all(axis=None)
    table = inputs.input_table(some, "clean_nominal", "fgsm", ["track_0_D0"])
    drawn(inputs.draw_inputs(table, LABELS, "clean", "sample"))
    assert np.isfinite(table["share"].dropna()).all()
    table = thresholds.threshold_table(
        histograms.assign(count=histograms["count"].mask(gone, 0)), ["BvL"], pair, attack
    )
    drawn(thresholds.draw_thresholds(table, attack, "sample"))


@pytest.mark.parametrize("jets", [0, 1])
def test_calibration_without_enough_jets_in_any_bin(calibration, options, jets):
    few = calibration.assign(total=jets, effective=float(jets) or np.nan)
    table = calibration_table(few, options["pairs"][0], options["attack"])
    drawn(draw_calibration(table, arm_models(options["pairs"], "clean"), "sample"))


def test_calibration_of_some_flavours_only(calibration, options):
    few = calibration.assign(effective=calibration["effective"].mask(calibration["flavour"] == "b", 1.0))
    table = calibration_table(few, options["pairs"][0], options["attack"])
    figure = drawn(draw_calibration(table, arm_models(options["pairs"], "clean"), "sample"))
    assert len(figure.legends[0].get_texts()) == 4


def test_a_true_flavour_without_jets_leaves_its_cells_white(confusion, options):
    some = confusion.assign(count=confusion["count"].mask(confusion["true"] == "c", 0))
    table = confusion_matrix(some, options["pairs"][0], options["attack"])
    figure = drawn(draw_confusion(table, "clean", options["attack"], "sample"))
    cells = [text for text in figure.axes[0].texts if "±" in text.get_text()]
    assert len(cells) == 6
    assert not any("nan" in text.get_text() for text in cells)


def test_a_transfer_that_was_not_made_is_a_white_cell(transfer):
    some = transfer[(transfer["model"] != "clean_fgsm") | (transfer["target"] != "clean_nominal")]
    figure = drawn(draw_transfer(transfer_table(some, "BvL"), "sample"))
    assert len([text for text in figure.axes[0].texts if "±" in text.get_text()]) == 15


def test_a_distance_that_does_not_exist_is_drawn_as_absent(distances, options):
    gone = (distances["distance"] == "classifier_auc") & (distances["perturbation"] == "fgsm")
    some = distances[~gone].assign(value=lambda t: t["value"].mask(t["input"] == "jet_pt"))
    table = distance_table(some, "clean_nominal", options["mismodellings"], KINDS)
    drawn(draw_distances(table, "sample"))


@pytest.mark.parametrize("loss", [0.0, np.nan])
def test_a_training_without_any_loss_at_its_weights(weights, options, loss):
    centre = (weights["delta_x"] == 0) & (weights["delta_y"] == 0) & (weights["model"] == "clean_fgsm")
    some = weights.assign(loss=weights["loss"].mask(centre, loss))
    table = weights_table(some, options["pairs"])
    figure = drawn(draw_weights(table, options["pairs"], "sample"))
    assert any("no loss" in text.get_text() for axes in figure.axes for text in axes.texts)


def test_a_loss_that_falls_to_zero_beside_its_weights(weights, options):
    some = weights.assign(loss=weights["loss"].mask(weights["delta_x"] > 0.9, 0.0))
    drawn(draw_weights(weights_table(some, options["pairs"]), options["pairs"], "sample"))


def test_numbers_of_one_model_that_do_not_exist(metrics, bins, options):
    gone = metrics["model"] == "clean_fgsm"
    some = metrics.assign(value=metrics["value"].mask(gone))
    table = auc_epsilon_table(some, options["pairs"], ATTACKS, ["BvL"])
    drawn(draw_auc_epsilon(table, options["pairs"], ATTACKS, [], "sample"))
    table = mismodelling_table(some, options["pairs"], options["mismodellings"], "BvL", 0.1)
    drawn(draw_mismodelling(table, options["pairs"], 0.1, "sample"))
    empty = bins.assign(
        **{name: bins[name].mask(bins["bin_low"] == 20.0) for name in ("value", "low", "high")},
        passed=bins["passed"].mask(bins["bin_low"] == 20.0, 0),
    )
    table = bin_table(empty, options["pairs"][0], "BvL", options["attack"])
    drawn(draw_bins(table, arm_models(options["pairs"], "clean"), options["attack"], "sample"))

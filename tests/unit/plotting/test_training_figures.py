"""Pareto figure and AUC against the epoch, on synthetic tables."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from robustag.errors import InputError
from robustag.plotting.options import Pair, Perturbation
from robustag.plotting.training.epochs import auc_epoch_table, draw_auc_epoch
from robustag.plotting.training.pareto import Comparison, Training, draw_pareto, pareto_table


@pytest.fixture
def compared():
    trainings = [
        Training("clean_nominal", {"name": "nominal"}, "mlp"),
        Training("clean_fgsm", {"name": "fgsm", "epsilon": 0.01}, "mlp"),
        Training("faithful_fgsm", {"name": "fgsm", "epsilon": 0.05}, "mlp"),
        Training("faithful_nominal", {"name": "fgsm", "epsilon": 0.05, "share": 0.5}, "mlp"),
    ]
    return Comparison(trainings, [Perturbation(name, 0.05) for name in ("fgsm", "noise")], ["BvL", "CvL"])


def test_a_point_is_the_raw_area_and_what_the_attack_takes_of_it(metrics, compared):
    table = pareto_table(metrics, compared)
    assert len(table) == 4 * 2 * 2
    row = table.query("model == 'clean_fgsm' and perturbation == 'fgsm' and discriminator == 'CvL'").iloc[0]
    areas = metrics.query("model == 'clean_fgsm' and perturbation == 'fgsm' and discriminator == 'CvL'")
    areas = areas[areas["metric"] == "auc"].set_index(["epsilon", "seed"])["value"]
    loss = areas[0.0] - areas[0.05]
    assert row["raw"] == pytest.approx(areas[0.0].mean())
    assert row["loss"] == pytest.approx(loss.mean())
    assert row["loss_seed"] == pytest.approx(loss.std() / np.sqrt(3))
    assert row["recipe"] == "FGSM"
    assert row["training_epsilon"] == 0.01


@pytest.mark.parametrize("costly", ["fgsm", "noise"])
def test_raw_areas_are_those_of_most_jets_and_losses_those_of_the_attack(metrics, compared, costly):
    """An attack on few jets has another raw area, which is not shown."""
    few = metrics["perturbation"] == costly
    some = metrics.assign(
        n=metrics["n"].mask(few, 5_000), value=metrics["value"].mask(few, metrics["value"] + 0.01)
    )
    before, after = (pareto_table(table, compared) for table in (metrics, some))
    columns = after.groupby(["model", "discriminator"])["raw"]
    assert (columns.max() == columns.min()).all()
    np.testing.assert_allclose(after["raw"], before["raw"])
    np.testing.assert_allclose(after["loss"], before["loss"])


def test_a_model_trained_once_gets_the_spread_of_the_others(metrics, compared):
    once = metrics[~((metrics["model"] == "clean_fgsm") & (metrics["seed"] > 1))]
    table = pareto_table(once, compared).query("perturbation == 'fgsm' and discriminator == 'BvL'")
    lone = table[table["seeds"] == 1]
    others = table[table["seeds"] == 3]
    assert list(lone["model"]) == ["clean_fgsm"]
    assert lone["raw_seed"].iloc[0] == pytest.approx((others["raw_seed"] * np.sqrt(3)).mean())


def test_recipes_are_named_once_and_share_a_colour(metrics, compared):
    figure = draw_pareto(pareto_table(metrics, compared), compared, "13 TeV")
    assert len(figure.axes) == 4
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["nominal", "FGSM: 0.01, 0.05", "FGSM, 50 % of the batch: 0.05"]
    points = [line for line in figure.axes[0].lines if line.get_marker() != "None"]
    assert len({to_hex(point.get_color()) for point in points}) == 3
    sizes = sorted(point.get_markersize() for point in points)
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3], "by epsilon: none, 0.01, 0.05 twice"
    assert figure.axes[2].get_xlabel() == "CvL AUC, raw"
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss of BvL AUC", "", "loss of CvL AUC", ""]
    assert figure.axes[1].texts[-1].get_text() == "under Gaussian noise 0.05"


def test_another_network_is_a_curve_of_its_own(metrics, compared):
    other = Training("faithful_nominal", {"name": "nominal"}, "set_transformer")
    compared = replace(compared, trainings=[*compared.trainings[:3], other])
    figure = draw_pareto(pareto_table(metrics, compared), compared, "13 TeV")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["nominal", "FGSM: 0.01, 0.05", "nominal, set transformer"]


@pytest.fixture
def epochs():
    rows = []
    for model in ("clean_nominal", "clean_fgsm", "faithful_nominal", "faithful_fgsm"):
        for seed in (1, 2):
            for epoch in (1, 4, 15):
                for source, name in (
                    ("none", "raw"),
                    ("none", "noise"),
                    ("self", "fgsm"),
                    ("reference", "fgsm"),
                ):
                    for discriminator in ("BvL", "CvL", "BvC"):
                        value = 0.9 - 0.1 / epoch - 0.05 * (source == "self") + 0.01 * seed
                        crafted_on = model.replace("fgsm", "nominal") if source == "reference" else ""
                        front = (model, seed, epoch, source, crafted_on, name, 0.05, discriminator)
                        rows.append((*front, value, value - 0.002, value + 0.002))
    columns = [
        "model",
        "seed",
        "epoch",
        "source",
        "crafted_on",
        "perturbation",
        "epsilon",
        "discriminator",
        "value",
        "low",
        "high",
    ]
    return pd.DataFrame(rows, columns=columns)


def test_areas_against_the_epoch_are_means_over_seeds(epochs, options):
    pairs, discriminators = options["pairs"], ["BvL", "CvL"]
    shown = {kind: options[kind] for kind in ("attack", "noise", "sample")}
    table = auc_epoch_table(epochs, pairs, discriminators)
    assert set(table["discriminator"]) == {"BvL", "CvL"}
    first = table.query(
        "model == 'clean_fgsm' and source == 'self' and epoch == 4 and discriminator == 'BvL'"
    )
    assert first["auc"].tolist() == pytest.approx([0.9 - 0.025 - 0.05 + 0.015])
    figure = draw_auc_epoch(table, pairs, discriminators, **shown)
    assert [len(axes.lines) for axes in figure.axes] == [8] * 4, "two models under four perturbations"
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["1", "4", "15"]
    with pytest.raises(InputError, match="noise"):
        draw_auc_epoch(table[table["perturbation"] != "noise"], pairs, discriminators, **shown)


def test_each_arm_shows_what_its_own_nominal_model_crafted(epochs, options):
    """An adversarial model with two nominal ones meets the attacks of both."""
    other = epochs[(epochs["model"] == "clean_fgsm") & (epochs["source"] == "reference")]
    other = other.assign(crafted_on="faithful_nominal", value=0.5)
    pairs = [
        Pair("one", "clean_nominal", "clean_fgsm"),
        Pair("two", "faithful_nominal", "clean_fgsm"),
    ]
    table = auc_epoch_table(pd.concat([epochs, other]), pairs, ["BvL"])
    shown = {kind: options[kind] for kind in ("attack", "noise", "sample")}
    figure = draw_auc_epoch(table, pairs, ["BvL"], **shown)
    lowest = [min(line.get_ydata().min() for line in axes.lines) for axes in figure.axes]
    assert lowest[0] > 0.7
    assert lowest[1] == 0.5
    assert [len(axes.lines) for axes in figure.axes] == [8, 8]

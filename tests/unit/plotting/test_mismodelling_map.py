"""The map: distances with known values, and what stands in the figure."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from scipy.spatial.distance import jensenshannon

from robustag.plotting.mismodelling.map import draw_map, input_divergences, map_table
from robustag.plotting.options import Pair

COUNTS = {0.0: [10, 20, 30, 0], 1.0: [10, 30, 10, 10], 2.0: [0, 0, 0, 60]}
PAIRS = [Pair("clean", "plain", "hardened")]


@pytest.fixture
def histograms():
    rows = []
    for model in ("plain", "hardened"):
        for seed in (1, 2):
            for name, epsilons in (("fgsm", (0.0, 1.0, 2.0)), ("noise", (0.0, 1.0)), ("blur", (0.0, 1.0))):
                for quantity in ("jet_pt", "jet_eta", "BvL"):
                    for epsilon in epsilons:
                        for low, count in enumerate(COUNTS[epsilon]):
                            rows.append((model, seed, name, epsilon, quantity, "b", low, count))
    return pd.DataFrame(
        rows,
        columns=["model", "seed", "perturbation", "epsilon", "quantity", "flavour", "low", "count"],
    )


@pytest.fixture
def verdicts():
    rows = [
        ("clean", kind, name, epsilon, "BvL", "auc", 0.02 * epsilon, 0.001, 0.01 * epsilon, 0.001)
        for kind, name, epsilon in (
            ("attack", "fgsm", 1.0),
            ("attack", "fgsm", 2.0),
            ("attack", "noise", 1.0),
            ("scenario", "blur", 1.0),
        )
    ]
    columns = ["pair", "kind", "perturbation", "epsilon", "discriminator", "metric"]
    return pd.DataFrame(
        rows, columns=[*columns, "nominal", "nominal_error", "adversarial", "adversarial_error"]
    )


def test_divergences_are_those_of_scipy(histograms):
    table = input_divergences(histograms, ["jet_pt", "jet_eta"]).set_index(
        ["model", "perturbation", "epsilon"]
    )
    for epsilon in (1.0, 2.0):
        expected = jensenshannon(COUNTS[0.0], COUNTS[epsilon]) ** 2
        assert table.loc[("plain", "fgsm", epsilon), "distance"] == pytest.approx(expected)
    assert table.loc[("plain", "fgsm", 2.0), "distance"] == pytest.approx(np.log(2))
    assert ("plain", "noise", 2.0) not in table.index


def test_chance_is_what_samples_of_one_distribution_differ_by(histograms):
    """Two samples of 4,000 and 1,000 jets in 20 bins, drawn many times."""
    generator = np.random.default_rng(1)
    shape = np.linspace(1, 3, 20) / 40
    rows = [
        ("plain", seed, "fsr", epsilon, "jet_pt", "b", low, count)
        for seed in range(200)
        for epsilon, jets in ((0.0, 4000), (1.0, 1000))
        for low, count in enumerate(generator.multinomial(jets, shape))
    ]
    table = input_divergences(pd.DataFrame(rows, columns=histograms.columns), ["jet_pt"])
    assert table["chance"].item() == pytest.approx(19 / 8 * (1 / 4000 + 1 / 1000), rel=1e-9)
    assert table["distance"].item() == pytest.approx(table["chance"].item(), rel=0.08)


def test_every_model_has_every_perturbation_with_its_own_loss(verdicts, histograms):
    table = map_table(verdicts, histograms, ["jet_pt"], PAIRS)
    assert len(table) == 8
    losses = table.groupby("model")["loss"].sum()
    assert losses["plain"] == pytest.approx(2 * losses["hardened"])
    assert np.isfinite(table["distance"]).all()


def test_scenarios_are_numbered_and_attacks_are_lines(verdicts, histograms):
    table = map_table(verdicts, histograms, ["jet_pt"], PAIRS)
    figure = draw_map(table, PAIRS, ["fgsm", "noise"], "sample")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts].count("1") == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "clean, nominal training, FGSM",
        "clean, nominal training, Gaussian noise",
        "clean, adversarial training, FGSM",
        "clean, adversarial training, Gaussian noise",
        "other collisions without a change",
    ]
    assert axes.get_ylabel() == "loss of BvL AUC"


def test_numbers_stand_apart_from_points_and_from_each_other(verdicts, histograms):
    """Seven scenarios at one place: each number has a side of its own."""
    names = [f"blur_{number}" for number in range(6)]
    copies = {
        "kind": [verdicts, *(verdicts[verdicts["kind"] == "scenario"].assign(perturbation=n) for n in names)],
        "count": [
            histograms,
            *(histograms[histograms["perturbation"] == "blur"].assign(perturbation=n) for n in names),
        ],
    }
    table = map_table(*(pd.concat(parts) for parts in copies.values()), ["jet_pt"], PAIRS)
    figure = draw_map(table, PAIRS, ["fgsm", "noise"], "sample")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [Text.get_window_extent(text) for text in axes.texts if text.get_text() in "1234567"]
    assert len(boxes) == 7
    scenario = table[(table["kind"] == "scenario") & (table["model"] == "plain")].iloc[0]
    point = axes.transData.transform((scenario["distance"], scenario["loss"]))
    for one, box in enumerate(boxes):
        assert not box.contains(*point)
        assert not any(box.overlaps(other) for other in boxes[:one])

"""Where attacks hurt: what moves for each group, and what is told of it."""

import numpy as np
import pandas as pd
import pytest
import torch

from robustag.attacks import AttackDefinition
from robustag.evaluation.bench import Bench, Trained
from robustag.evaluation.groups import group_aucs, input_groups
from robustag.evaluation.settings import Evaluation
from robustag.models import build_model
from robustag.plotting.options import Pair
from robustag.plotting.robustness.groups import draw_groups, groups_table
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors

STUDY = {"relative_cap": None, "physical": False, "frozen": ["track_5_*", "jet_eta"]}
EVALUATION = Evaluation(5, 1, [], [], {}, {})
PAIRS = [Pair("clean", "plain", "hardened")]


@pytest.fixture(scope="module")
def case(table):
    """(bench, model, jets)."""
    zeros, ones = np.zeros(table.size), np.ones(table.size)
    bench = Bench(table, Normalisation(table.names, zeros, ones, zeros - 9))
    rng = np.random.default_rng(1)
    one = torch.ones(90)
    jets = JetTensors(
        torch.tensor(rng.normal(size=(90, table.size)), dtype=torch.float32),
        torch.tensor(rng.random((90, table.size)) < 0.1),
        *(torch.arange(90) % 3, one, one, one, torch.arange(90) * 977, one),
    )
    model = build_model({"name": "mlp", "hidden": [16], "dropout": 0.0}, table.size, seed=1).eval()
    return bench, Trained(model, {"loss": {"name": "cross_entropy"}}), jets


@pytest.fixture(scope="module")
def aucs(case):
    definition = AttackDefinition.of({"name": "fgsm"}, STUDY)
    return group_aucs(*case[:1], definition, *case[1:], 0.3, ["BvL", "CvL"], EVALUATION, 1)


def mann_whitney(signal, background):
    """Share of pairs in the right order."""
    return ((signal[:, None] > background) + 0.5 * (signal[:, None] == background)).mean()


def test_every_way_parts_all_inputs(table):
    groups = input_groups(table)
    for family in ("kind", "block", "place"):
        assert (sum(group.inputs.astype(int) for group in groups if group.family == family) == 1).all()
    sizes = {(group.family, group.name): int(group.inputs.sum()) for group in groups}
    assert sizes["kind", "covariances"] == 6 * 15
    assert sizes["kind", "vertex of track"] == 6 * 8
    assert sizes["block", "jet"] == sizes["place", "jet"] == 16
    assert sizes["place", "track 6"] == 28


@pytest.mark.parametrize(
    ("family", "group"), [("kind", "covariances"), ("block", "jet"), ("place", "track 2")]
)
def test_each_group_is_attacked_as_if_the_study_froze_the_rest(case, aucs, table, family, group):
    bench, model, jets = case
    inputs = next(g.inputs for g in input_groups(table) if (g.family, g.name) == (family, group))
    for turn, stays in (("alone", ~inputs), ("frozen", inputs)):
        names = [name for name, frozen in zip(table.names, stays, strict=True) if frozen]
        definition = AttackDefinition.of({"name": "fgsm"}, STUDY | {"frozen": [*STUDY["frozen"], *names]})
        logits = model.network(bench.sweep(definition, model, jets, seed=1)(0.3)).detach().double().numpy()
        score, label = logits[:, 0] - logits[:, 2], jets.label.numpy()
        found = aucs.set_index(["family", "group", "moved", "discriminator"])["value"]
        assert found[family, group, turn, "BvL"] == pytest.approx(
            mann_whitney(score[label == 0], score[label == 2])
        )


def test_what_cannot_move_has_no_rows_and_no_part_in_the_numbers(aucs, table):
    assert "track 6" not in set(aucs["group"])
    whole = aucs.query("moved == 'all'")["inputs"].iloc[0]
    frozen = 28 + 1
    counts = table.integer.sum() - 1
    assert whole == table.size - frozen - counts
    parts = aucs[(aucs["family"] == "place") & (aucs["moved"] == "alone")].drop_duplicates("group")
    assert parts["inputs"].sum() == whole


def rows(model, seed, **values):
    """A table of two groups, whose replicates all fluctuate alike."""
    noise = np.array([-0.01, 0.0, 0.02], dtype=np.float32)
    names = {"raw": ("", "", "raw"), "all": ("", "", "all")}
    names |= {f"{g}_{m}": ("kind", g, m) for g in ("big", "small") for m in ("alone", "frozen")}
    return [
        {
            **{"model": model, "seed": seed, "family": names[key][0], "group": names[key][1]},
            **{"moved": names[key][2], "inputs": 3, "epsilon": 0.05, "discriminator": "BvL", "metric": "auc"},
            **{"working_point": np.nan, "value": value, "replicates": np.float32(value) + noise},
        }
        for key, value in values.items()
    ]


@pytest.fixture
def collected():
    values = {"raw": 0.9, "all": 0.8, "big_alone": 0.83, "big_frozen": 0.88}
    values |= {"small_alone": 0.895, "small_frozen": 0.80}
    found = []
    for seed, shift in ((1, 0.0), (2, 0.01), (3, -0.01)):
        found += rows("plain", seed, **{key: value + shift for key, value in values.items()})
        wobble = {"small_alone": values["small_alone"] + 5 * shift, "big_alone": 0.83 + shift}
        found += rows("hardened", seed, **{**values, **wobble})
    return pd.DataFrame(found)


def test_costs_and_savings_are_paired_over_jets_and_trainings(collected):
    table = groups_table(collected, PAIRS, ["BvL"], 2.0).set_index(["model", "group", "measure"])
    expected = {
        ("big", "alone"): 0.07,
        ("big", "frozen"): 0.08,
        ("small", "alone"): 0.005,
        ("small", "frozen"): 0.0,
    }
    for (group, measure), value in expected.items():
        row = table.loc[("plain", group, measure)]
        assert row["value"] == pytest.approx(value, abs=1e-6)
        assert row["share"] == pytest.approx(value / 0.1, abs=1e-5)
        # Whatever all jets and all trainings share drops out.
        assert row["error"] < 1e-6
    assert table.loc[("plain", "big", "alone"), "significant"]
    wobbling = table.loc[("hardened", "small", "alone")]
    assert wobbling["seed"] == pytest.approx(0.05 / np.sqrt(3), rel=1e-3)
    assert not wobbling["significant"]


def test_p_values_are_corrected_for_the_groups(collected):
    alone = groups_table(collected, PAIRS, ["BvL"], 2.0)
    fewer = groups_table(collected[collected["group"] != "small"], PAIRS, ["BvL"], 2.0)
    of = {"model": "hardened", "group": "big", "measure": "alone"}
    two, one = (t[(t[list(of)] == pd.Series(of)).all(axis=1)]["p"].item() for t in (alone, fewer))
    assert two == pytest.approx(2 * one)
    assert one > 0


def test_drawn_bars_are_the_table(collected):
    table = groups_table(collected, PAIRS, ["BvL"], 2.0)
    figure = draw_groups(table, PAIRS, "toys")
    for axes, measure in zip(figure.axes, ("alone", "frozen"), strict=True):
        drawn = sorted(bar.get_width() for bar in axes.patches)
        assert drawn == pytest.approx(sorted(table.loc[table["measure"] == measure, "value"]))
    pale = [bar for bar in figure.axes[0].patches if bar.get_facecolor()[3] < 1]
    assert len(pale) == (~table.loc[table["measure"] == "alone", "significant"]).sum() > 0

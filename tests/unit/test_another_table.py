"""Everything between records and figures on a data set of another shape.

Two blocks of candidates, padded with 0 under signed variables and counted by the jet, other names, other
missing values, and neither covariances nor shift factors.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.surfaces import SURFACE
from tests.unit.attacks.definitions import DEFINITIONS

from robustag.attacks import BudgetRule, Spread, Sweep, audit
from robustag.attacks.catalogue import ATTACKS
from robustag.deployment.export import PhysicalModel, export_onnx
from robustag.deployment.predict import Tagger
from robustag.errors import InputError
from robustag.evaluation.distances import measure_all
from robustag.features import FeatureTable, select_inputs
from robustag.mismodelling.scenarios import perturb
from robustag.models import Inputs, build_model, load_model, save_model
from robustag.readers import JetRecords, event_key
from robustag.surface.geometry import jet_geometry
from robustag.surface.settings import Boundary, ScaledPair
from robustag.tensors import Normalisation, WeightMap, summarise, tensorise
from robustag.tensors.loading import load_tensors
from robustag.training import build_loss

JETS, CHARGED, NEUTRAL = 400, 4, 3
NETWORKS = {
    "mlp": {"name": "mlp", "hidden": [16], "dropout": 0.0},
    "set_transformer": {
        **{"name": "set_transformer", "width": 8, "heads": 2, "layers": 1},
        "pairs": ["ip_significance", "deta"],
    },
}
CARD = {"classes": 3, "loss": {"name": "cross_entropy"}, "recipe": {"name": "nominal"}}


def variable(name, rule, **more):
    return {"name": name, "unit": "1", "missing": rule, **more}


@pytest.fixture(scope="module")
def table(root):
    counted = [{"beyond_count": f"n_{name}", "stand_in": 0.0} for name in ("charged", "neutral")]
    never, uncounted = {"stand_in": {"below_minimum": 1.0}}, {"at_or_below": -1, "stand_in": -1}
    charged = ("ip_significance", "deta", "pt_fraction")
    return FeatureTable.from_document(
        {
            "data_set": "candidates",
            "blocks": [
                {
                    "name": "kinematics",
                    "variables": [
                        variable("p", never, role="pt", range=[0, None]),
                        variable("y", never, role="eta"),
                    ],
                },
                {
                    "name": "charged",
                    "count": CHARGED,
                    "order_by": "ip_significance",
                    "variables": [variable(name, counted[0]) for name in charged],
                },
                {
                    "name": "counts",
                    "variables": [
                        variable(f"n_{name}", uncounted, role="count", range=[0, None])
                        for name in ("charged", "neutral")
                    ],
                },
                {
                    "name": "neutral",
                    "count": NEUTRAL,
                    "variables": [variable("energy", {**counted[1], "wild": True}, group="energies")],
                },
            ],
        }
    )


@pytest.fixture(scope="module")
def values(table):
    """What a file holds: signed numbers, zeros beyond the counts, and garbage among those."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(JETS, table.size))
    values[:, table.index("p")] = rng.uniform(20, 200, JETS)
    for name, most in (("charged", CHARGED), ("neutral", NEUTRAL)):
        number = rng.integers(0, most + 3, JETS)
        values[:, table.index(f"n_{name}")] = number
        columns = table.element_block(name).columns
        beyond = np.arange(most) >= number[:, None]
        for row in columns:
            values[:, row] = np.where(beyond, 0.0, values[:, row])
    values[5, table.index("neutral_0_energy")] = 1e31
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def prepared(table, values, tmp_path_factory):
    """(inputs, jets, records)."""
    jets = JetRecords(
        values=values,
        label=np.random.default_rng(4).integers(0, 3, JETS),
        weight=np.ones(JETS),
        pt=values[:, table.index("p")],
        eta=values[:, table.index("y")],
        event=event_key(np.ones(JETS), np.arange(JETS)),
        index=np.zeros(JETS),
    )
    records = jets.cleaned("candidates.root", table)
    summary = summarise(records, [0.8, 0.1, 0.1], [0, 1000], [-9, 9])
    fitted = Normalisation.fit(summary, table)
    weights = WeightMap.fit(summary.kinematics, [0, 1000], [-9, 9])
    path = tmp_path_factory.mktemp("tensors") / "0000.safetensors"
    tensorise(records, table, fitted, weights, [0.0, 0.0, 1.0], path)
    return Inputs.of(table, fitted), load_tensors([path], "test"), records


@pytest.fixture(scope="module", params=NETWORKS)
def model(request, prepared):
    return build_model(NETWORKS[request.param], prepared[0], seed=1).eval()


@pytest.fixture
def rule(table, prepared):
    spread = Spread(torch.eye(table.size).repeat(3, 1, 1), torch.ones(table.size), (0.0, 0.0, 0.0))
    return BudgetRule.of(table, prepared[0].normalisation, spread=spread, physical=True)


def test_inputs_of_blocks_in_any_order(table):
    assert table.names[:3] == ("p", "y", "charged_0_ip_significance")
    assert table.names[-5:] == ("n_charged", "n_neutral", *(f"neutral_{t}_energy" for t in range(NEUTRAL)))
    assert table.jet_columns.tolist() == [0, 1, 14, 15]


def test_exactly_the_padding_is_missing(prepared, table, values):
    _, jets, records = prepared
    for name in ("charged", "neutral"):
        block = table.element_block(name)
        beyond = np.arange(block.count) >= values[:, [table.index(f"n_{name}")]]
        for row in block.columns:
            wild = np.abs(values[:, row]) > 1e12
            # Negative values, and the few that are 0, exist.
            np.testing.assert_array_equal(np.isnan(records.values[:, row]), beyond | wild)
            assert jets.missing[:, row].sum() == (beyond | wild).sum()


def test_every_attack_keeps_its_budget(model, prepared, table, rule):
    _, jets, _ = prepared
    x, missing, label = jets.inputs[:80], jets.missing[:80], jets.label[:80]
    loss = build_loss(CARD["loss"])
    for name in ATTACKS:
        sources = (model,) if name == "transfer" else ()
        attack = Sweep(DEFINITIONS[name], model, loss, x, missing, label, rule, seed=1, sources=sources)
        attacked = attack(0.05)
        assert torch.equal(attacked[missing], x[missing]), name
        found = audit(attack, 0.05, attacked)
        assert found["outside_budget"] == found["invalid_covariances"] == 0, name


def test_budgets_know_elements_by_their_blocks(prepared, table):
    rule = BudgetRule.of(table, prepared[0].normalisation, norm="l2_group")
    assert rule.covariances is None
    assert rule.group.sum(dim=0).tolist() == [4.0, *[3.0] * CHARGED, *[1.0] * NEUTRAL]
    assert (rule.group.sum(dim=1) == 1).all()
    for factors in ("as_intended", "as_coded", "resolution", "uncertainty"):
        with pytest.raises(InputError, match="freezes every input"):
            BudgetRule.of(table, prepared[0].normalisation, factors=factors)


def test_selectors_follow_the_blocks(table):
    for selector, number in {
        "charged": 12,
        "counts": 2,
        "energies": 3,
        "neutral": 3,
        "charged.deta": 4,
    }.items():
        assert select_inputs([selector], table).sum() == number, selector
    with pytest.raises(
        InputError, match=r"such as p, a pattern such as charged_\*_ip_significance, or a group"
    ):
        select_inputs(["track_*_D0"], table)


def test_only_elements_that_exist_change_places(prepared, table):
    inputs, jets, _ = prepared
    for name in ("charged", "neutral"):
        definition = {"kind": "swap", "block": name, "strengths": [1.0]}
        ((_, swapped),) = perturb(definition, jets, table, inputs.normalisation, relative_cap=None, seed=2)
        columns = table.element_block(name).columns
        existing = (~jets.missing[:, columns]).any(dim=1).sum(dim=1)
        moved = (swapped - jets.inputs).abs() > 1e-4
        assert (moved.any(dim=1) == (existing > 1)).float().mean() > 0.99
        others = np.setdiff1d(np.arange(table.size), columns)
        assert not moved[:, others].any()
        physical = inputs.normalisation.unscale(swapped.double().numpy())[:, columns]
        before = inputs.normalisation.unscale(jets.inputs.double().numpy())[:, columns]
        np.testing.assert_allclose(np.sort(physical, axis=2), np.sort(before, axis=2), atol=1e-4)


def test_the_order_of_each_blocks_elements_does_not_matter(prepared, table):
    inputs, _, records = prepared
    model = build_model(NETWORKS["set_transformer"], inputs, seed=1).eval()
    moved = records.values.copy()
    for block in table.element_blocks:
        moved[:, block.columns] = moved[:, block.columns[:, ::-1]]
    assert not np.array_equal(np.isnan(moved), np.isnan(records.values))

    def logits(values):
        scaling = inputs.normalisation
        scaled = scaling.scale(np.where(np.isnan(values), scaling.missing, values))
        return model(torch.from_numpy(scaled).float())

    assert torch.allclose(logits(records.values), logits(moved), atol=1e-4)


def test_stored_and_exported_models_mask_as_the_tensors(model, prepared, table, values, tmp_path):
    inputs, jets, records = prepared
    name = (
        "mlp" if hasattr(model, "__len__") or "Transformer" not in type(model).__name__ else "set_transformer"
    )
    card = {"network": NETWORKS[name], **inputs.card(), **CARD}
    save_model(tmp_path / "model.safetensors", model, card)
    loaded, stored = load_model(tmp_path / "model.safetensors")
    assert Inputs.of_card(stored).table == table
    assert torch.equal(loaded(jets.inputs), model(jets.inputs))
    scaled, _ = PhysicalModel(torch.nn.Identity(), inputs)(torch.from_numpy(values))
    expected = inputs.normalisation.scale(np.nan_to_num(records.values, nan=0.0))
    exists = ~np.isnan(records.values)
    np.testing.assert_array_equal(scaled.numpy()[exists], expected.astype(np.float32)[exists])
    absent = inputs.normalisation.scale(inputs.normalisation.missing).astype(np.float32)
    np.testing.assert_array_equal(scaled.numpy()[~exists], np.broadcast_to(absent, exists.shape)[~exists])
    # The raw file, padding and garbage included, scores as the cleaned records.
    export_onnx(loaded, stored, tmp_path / "model.onnx")
    tagger = Tagger(tmp_path / "model.onnx")
    np.testing.assert_allclose(tagger(values), tagger(records.values), atol=1e-6)
    assert np.isfinite(tagger(values)).all()


def test_distances_and_the_surface_take_it(model, prepared, table, rule):
    _, jets, _ = prepared
    (found,) = measure_all([("attack", "none", 0.0, jets, jets)], table.names, 1, len(jets))
    # Correlations are named by two inputs.
    assert {name for names in found["input"] for name in names.split(" and ")} == {*table.names, "all"}
    settings = replace(SURFACE, principal=3, lanczos=2, boundary=Boundary(steps=2, overshoot=0.02))
    names = (table.own("pt"), table.own("eta"))
    pair = ScaledPair(names, (table.index(names[0]), table.index(names[1])), (1.0, 1.0))
    loss = build_loss(CARD["loss"])
    geometry = jet_geometry(model, loss, jets, np.arange(20), pair, rule, settings)
    assert len(geometry) == 20
    assert np.isfinite(geometry["grad_l1"]).all()


def test_a_network_of_elements_says_what_it_lacks(prepared, table):
    inputs = prepared[0]
    for pairs, message in ((["D0"], "no variable 'D0'"), (["deta", "energy"], "no block with all of")):
        with pytest.raises(InputError, match=message):
            build_model({**NETWORKS["set_transformer"], "pairs": pairs}, inputs, seed=0)
    document = {**table.document, "blocks": table.document["blocks"][:1]}
    flat = FeatureTable.from_document(document)
    scaling = Normalisation(flat.names, np.zeros(2), np.ones(2), np.zeros(2))
    with pytest.raises(InputError, match="needs a block with a count and one without"):
        build_model(NETWORKS["set_transformer"], Inputs.of(flat, scaling), seed=0)

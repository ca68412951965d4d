"""Scenarios: the physical size of each change, and what none of them may touch."""

import weakref

import numpy as np
import pytest
import torch

from robustag.errors import InputError
from robustag.features import select_inputs
from robustag.mismodelling import keeps_jets, mismodelled, perturb, scenarios
from robustag.mismodelling.composition import compose
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors


@pytest.fixture
def normalisation(table):
    rng = np.random.default_rng(3)
    return Normalisation(
        names=table.names,
        mean=rng.normal(2, 1, table.size),
        sigma=rng.uniform(0.1, 5, table.size),
        missing=np.full(table.size, -20.0),
    )


@pytest.fixture
def jets(table):
    generator = torch.Generator().manual_seed(4)
    shape = (4000, table.size)
    return JetTensors(
        inputs=torch.randn(shape, generator=generator),
        missing=torch.rand(shape, generator=generator) < 0.2,
        label=torch.arange(shape[0]) % 3,
        weight=torch.ones(shape[0]),
        pt=torch.linspace(20.0, 300.0, shape[0]),
        eta=torch.zeros(shape[0]),
        event=torch.arange(shape[0]),
        event_weight=torch.ones(shape[0]),
    )


def run(definition, jets, table, normalisation, seed=1, relative_cap=None):
    varied = perturb(definition, jets, table, normalisation, relative_cap=relative_cap, seed=seed)
    return dict(varied)


@pytest.mark.parametrize("kind", ["smear", "shift", "scale"])
def test_counts_missing_entries_and_other_inputs_stay(kind, jets, table, normalisation):
    definition = {"kind": kind, "inputs": ["track_*"], "strengths": [0.3]}
    moved = run(definition, jets, table, normalisation)[0.3] != jets.inputs
    assert not moved[jets.missing].any()
    assert not moved[:, torch.from_numpy(table.integer)].any()
    assert not moved[:, :2].any()
    column = table.index("track_0_D0")
    assert moved[:, column][~jets.missing[:, column]].all()


def test_shift_moves_by_its_strength_in_the_inputs_unit(jets, table, normalisation):
    definition = {"kind": "shift", "unit": "input", "inputs": ["track_*_D0"], "strengths": [0.02, -0.02]}
    for strength, inputs in run(definition, jets, table, normalisation).items():
        change = (inputs - jets.inputs).double().numpy() * normalisation.sigma
        column = table.index("track_3_D0")
        np.testing.assert_allclose(change[~jets.missing[:, column].numpy(), column], strength, atol=1e-5)


def test_scale_multiplies_the_physical_value(jets, table, normalisation):
    definition = {"kind": "scale", "inputs": ["jet_pt"], "strengths": [0.05]}
    inputs = run(definition, jets, table, normalisation)[0.05]
    before = normalisation.unscale(jets.inputs.double().numpy())[:, 0]
    after = normalisation.unscale(inputs.double().numpy())[:, 0]
    there = ~jets.missing[:, 0].numpy()
    np.testing.assert_allclose(after[there], 1.05 * before[there], rtol=1e-4, atol=1e-5)


def test_smearing_has_its_width_and_strengths_share_the_draws(jets, table, normalisation):
    definition = {"kind": "smear", "inputs": ["*"], "strengths": [0.1, 0.2]}
    varied = run(definition, jets, table, normalisation)
    free = ~jets.missing & ~torch.from_numpy(table.integer)
    one, two = ((varied[strength] - jets.inputs)[free] for strength in (0.1, 0.2))
    assert one.std().item() == pytest.approx(0.1, rel=0.01)
    assert one.mean().item() == pytest.approx(0.0, abs=0.001)
    torch.testing.assert_close(two, 2 * one, atol=1e-5, rtol=1e-4)


def test_the_relative_cap_holds(jets, table, normalisation):
    definition = {"kind": "smear", "inputs": ["*"], "strengths": [1.0]}
    inputs = run(definition, jets, table, normalisation, relative_cap=0.2)[1.0]
    before, after = (normalisation.unscale(x.double().numpy()) for x in (jets.inputs, inputs))
    assert (np.abs(after - before) <= 0.2 * np.abs(before) + 1e-4).all()


def test_a_scenario_may_have_a_cap_of_its_own(jets, table, normalisation):
    definition = {"kind": "smear", "inputs": ["*"], "strengths": [1.0], "relative_cap": 0.2}
    assert torch.equal(
        run(definition, jets, table, normalisation)[1.0],
        run(definition, jets, table, normalisation, relative_cap=0.2)[1.0],
    )


def test_smearing_in_the_inputs_unit(jets, table, normalisation):
    definition = {"kind": "smear", "unit": "input", "inputs": ["track_*_D0"], "strengths": [0.03]}
    change = (run(definition, jets, table, normalisation)[0.03] - jets.inputs).double()
    for track in (0, 4):
        column = table.index(f"track_{track}_D0")
        moved = change[~jets.missing[:, column], column] * normalisation.sigma[column]
        assert moved.std().item() == pytest.approx(0.03, rel=0.05)


@pytest.mark.parametrize("kind", ["smear", "shift", "scale", "swap"])
def test_only_the_named_flavours_change(kind, jets, table, normalisation):
    definition = {"kind": kind, "inputs": ["*"], "strengths": [1.0], "flavours": ["c"]}
    moved = (run(definition, jets, table, normalisation)[1.0] != jets.inputs).any(dim=1)
    assert moved[jets.label == 1].all()
    assert not moved[jets.label != 1].any()


def test_two_neighbouring_tracks_change_places_with_all_that_is_theirs(jets, table, normalisation):
    # Like real jets: tracks from the first on, each with or without a vertex.
    (block,) = table.element_blocks
    first, tracks = block.first, block.count
    number = torch.arange(len(jets)) % (tracks + 1)
    missing = (torch.arange(tracks) >= number[:, None]).repeat(1, len(block.variables))
    missing = torch.cat([jets.missing[:, :first], missing], dim=1)
    missing[:, table.index("track_0_vertex_mass")] |= number % 2 == 0
    absent = torch.tensor(normalisation.scale(normalisation.missing)).float()
    jets = JetTensors(**(vars(jets) | {"missing": missing, "inputs": jets.inputs.where(~missing, absent)}))
    swapped = run({"kind": "swap", "strengths": [0.3, 1.0]}, jets, table, normalisation)

    def blocks(inputs):
        values = normalisation.unscale(inputs.double().numpy())
        gone = np.isclose(values, normalisation.missing, atol=1e-4)
        return np.where(gone, np.nan, values)[:, first:].reshape(len(jets), -1, tracks)

    before, after = blocks(jets.inputs), blocks(swapped[1.0])
    for jet in range(200, 250):
        moved = [
            t
            for t in range(tracks)
            if not np.allclose(before[jet, :, t], after[jet, :, t], equal_nan=True, atol=1e-4)
        ]
        if number[jet] < 2:
            assert moved == []
            continue
        left, right = moved
        assert right == left + 1 < number[jet]
        np.testing.assert_allclose(after[jet][:, [left, right]], before[jet][:, [right, left]], atol=1e-4)
    changed = {s: (inputs != jets.inputs).any(dim=1) for s, inputs in swapped.items()}
    assert not (changed[0.3] & ~changed[1.0]).any()
    assert changed[0.3].sum() / changed[1.0].sum() == pytest.approx(0.3, abs=0.04)
    torch.testing.assert_close(swapped[1.0][:, :first], jets.inputs[:, :first], atol=1e-5, rtol=1e-5)


def test_a_composition_keeps_jets_in_proportion_to_their_weight(jets):
    rows = compose({"factors": {"c": 0.25}, "pt_power": 0.0}, jets, seed=1)
    kept = torch.bincount(jets.label[rows]) / torch.bincount(jets.label)
    assert kept[0] == kept[2] == 1
    assert kept[1].item() == pytest.approx(0.25, abs=0.04)


def test_a_steeper_spectrum_keeps_hard_jets_less_often(jets):
    rows = compose({"factors": {}, "pt_power": -1.0}, jets, seed=1)
    pt = jets.pt[rows]
    assert (pt > 100).sum() / (jets.pt > 100).sum() == pytest.approx(20 * np.log(2) / 200 + 0.05, abs=0.02)
    assert (pt < 25).sum() / (jets.pt < 25).sum() == pytest.approx(0.9, abs=0.1)


def test_the_seed_decides_the_draws(jets, table, normalisation):
    definition = {"kind": "smear", "inputs": ["*"], "strengths": [0.1]}
    same, again, other = (run(definition, jets, table, normalisation, seed=seed)[0.1] for seed in (1, 1, 2))
    assert torch.equal(same, again)
    assert not torch.equal(same, other)


def test_selectors_are_names_patterns_and_groups(table):
    assert select_inputs(["jet_pt"], table).sum() == 1
    assert select_inputs(["track_*_D0"], table).sum() == 6
    assert select_inputs(["vertex"], table).sum() == sum(group == "vertex" for group in table.groups)
    assert select_inputs(["*"], table).all()
    with pytest.raises(InputError, match="'track_9_D0' names no input"):
        select_inputs(["track_9_D0"], table)


def test_unknown_kind_is_refused(jets, table, normalisation):
    with pytest.raises(InputError, match="kind 'melt' is unknown"):
        run({"kind": "melt", "inputs": ["*"], "strengths": [1]}, jets, table, normalisation)


def made(scenario, jets, table, normalisation, variation=None):
    return [
        *mismodelled(scenario, jets, variation, table, normalisation, relative_cap=None, seed=5),
    ]


def test_a_scenario_makes_a_sample_of_jets_of_each_strength(jets, table, normalisation):
    scenario = {"kind": "smear", "inputs": ["track_*"], "strengths": [0.1, 0.2]}
    assert keeps_jets(scenario)
    wanted = run(scenario, jets, table, normalisation, seed=5)
    for strength, sample in made(scenario, jets, table, normalisation):
        assert torch.equal(sample.inputs, wanted[strength])
        assert torch.equal(sample.event, jets.event)


def test_a_scenario_of_a_sample_of_its_own_has_no_strength(jets, table, normalisation):
    scenario = {"kind": "composition", "factors": {"b": 0.5}, "pt_power": 0.0}
    ((strength, kept),) = made(scenario, jets, table, normalisation)
    assert not keeps_jets(scenario)
    assert strength is None
    assert torch.equal(kept.event, jets.event[compose(scenario, jets, 5)])
    half = jets.select(slice(0, 2000))
    scenario = {"kind": "resimulated", "variation": "half"}
    assert not keeps_jets(scenario)
    assert made(scenario, jets, table, normalisation, {"half": half}.get) == [(None, half)]


@pytest.mark.parametrize("kind", ["smear", "swap"])
def test_a_jet_meets_the_same_numbers_in_any_sample(kind, jets, table, normalisation):
    definition = {"kind": kind, "inputs": ["*"], "strengths": [0.5, 1.0]}
    order = torch.randperm(len(jets), generator=torch.Generator().manual_seed(6))[:1000]
    whole = run(definition, jets, table, normalisation)
    for strength, inputs in run(definition, jets.select(order), table, normalisation).items():
        assert not torch.equal(inputs, jets.inputs[order])
        torch.testing.assert_close(inputs, whole[strength][order], rtol=1e-5, atol=1e-6)


def test_a_jet_stays_in_any_sample_or_in_none(jets):
    """As long as the jet with the largest weight is in it."""
    definition = {"factors": {"c": 0.25}, "pt_power": 0.0}
    order = torch.randperm(len(jets), generator=torch.Generator().manual_seed(6))[:1000]
    kept = set(jets.event[compose(definition, jets, seed=1)].tolist())
    few = jets.select(order)
    assert set(few.event[compose(definition, few, seed=1)].tolist()) == kept & set(few.event.tolist())


@pytest.mark.parametrize("kind", ["smear", "scale", "swap"])
def test_jets_changed_a_few_at_a_time_are_the_same(kind, jets, table, normalisation, monkeypatch):
    definition = {"kind": kind, "inputs": ["*"], "flavours": ["b", "c"], "strengths": [0.2, 0.5]}
    at_once = run(definition, jets, table, normalisation)
    monkeypatch.setattr(scenarios, "_PART", 999)
    for strength, inputs in run(definition, jets, table, normalisation).items():
        torch.testing.assert_close(inputs, at_once[strength], rtol=1e-5, atol=1e-6)


def test_no_sample_is_kept_while_the_next_one_is_made(jets, table, normalisation, monkeypatch):
    made, alive = [], []
    by_parts = scenarios._by_parts

    def watched(*arguments):
        alive.extend(inputs() for inputs in made if inputs() is not None)
        inputs = by_parts(*arguments)
        made.append(weakref.ref(inputs))
        return inputs

    monkeypatch.setattr(scenarios, "_by_parts", watched)
    definition = {"kind": "scale", "inputs": ["jet_pt"], "strengths": [0.01, 0.02, 0.03]}
    settings = {"relative_cap": None, "seed": 1}
    for _, changed in mismodelled(definition, jets, lambda _: jets, table, normalisation, **settings):
        del changed
    assert len(made) == 3
    assert not alive

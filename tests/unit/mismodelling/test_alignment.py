"""Where attacks and systematics point: known directions, known shares."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from robustag.errors import InputError
from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.parts import Scores, effects
from robustag.intervals import interval
from robustag.mismodelling.alignment import alignment, project, spans
from robustag.mismodelling.displacements import Displacement, matched
from robustag.tensors.loading import JetTensors

FEATURES = 12


def sample(jets=3000, seed=1, **changes):
    generator = torch.Generator().manual_seed(seed)
    label = torch.arange(jets) % 3
    values = {
        "inputs": torch.randn((jets, FEATURES), generator=generator) + 2.0 * label[:, None],
        "missing": torch.zeros((jets, FEATURES), dtype=torch.bool),
        "label": label,
        "weight": torch.ones(jets),
        "pt": torch.full((jets,), 50.0),
        "eta": torch.rand(jets, generator=generator) * 5 - 2.5,
        "event": torch.arange(jets) // 2,
        "event_weight": torch.ones(jets),
    }
    return JetTensors(**(values | changes))


@pytest.fixture
def jets():
    return sample()


@pytest.fixture
def weights(jets):
    return replicas(jets.event.numpy(), jets.event_weight.numpy(), 20, seed=1)


def moved(jets, moves):
    return JetTensors(**(vars(jets) | {"inputs": jets.inputs + moves}))


def between(jets, varied, frozen=None):
    frozen = torch.zeros(FEATURES, dtype=torch.bool) if frozen is None else frozen
    weight = tuple(
        replicas(part.event.numpy(), part.event_weight.numpy(), 20, seed=1) for part in (jets, varied)
    )
    return Displacement.between(jets, varied, frozen, weight)


def test_jets_are_found_again_in_another_order_and_number(jets):
    order = torch.randperm(len(jets), generator=torch.Generator().manual_seed(2))[:2000]
    ours, theirs = matched(jets, jets.select(order))
    assert len(ours) == 2000
    np.testing.assert_array_equal(order.numpy()[theirs], ours)


def test_a_displacement_leaves_out_what_no_attack_moves(jets):
    missing = jets.missing.clone()
    missing[:100, 3] = True
    varied = JetTensors(**(vars(moved(jets, torch.full_like(jets.inputs, 0.5))) | {"missing": missing}))
    frozen = torch.arange(FEATURES) == 5
    way = between(jets, varied, frozen)
    assert (way.moves[:, 5] == 0).all()
    assert (way.moves[:100, 3] == 0).all()
    torch.testing.assert_close(way.moves[100:, 3], torch.full((2900,), 0.5))
    assert way.means.shape == (21, 3, FEATURES)


def test_other_jets_give_the_difference_of_means(jets):
    varied = sample(seed=9, event=torch.arange(3000) + 10_000)
    way = between(jets, moved(varied, torch.full_like(jets.inputs, 0.5)))
    assert way.moves is None
    assert way.means[0].mean().item() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("direction", "expected"), [(1.0, 1.0), (-1.0, -1.0), (0.0, 0.0)])
def test_cosines_of_parallel_opposite_and_orthogonal_moves(jets, weights, direction, expected):
    step, other = torch.zeros_like(jets.inputs), torch.zeros_like(jets.inputs)
    step[:, :4], other[:, 4:] = 0.1, 0.3
    attack = Displacement.of(step, jets, weights)
    scenario = between(jets, moved(jets, 3 * direction * step if direction else other))
    table = alignment(attack, {"x": scenario}, jets.label, weights)
    for measure in ("mean", "jet"):
        rows = table[table["measure"] == measure]
        np.testing.assert_allclose(rows[["value", "low", "high"]], expected, atol=1e-5)
    lengths = table[table["measure"] == "length"]["value"]
    size = 3.0 if direction else 3.0 * np.sqrt(2)
    np.testing.assert_allclose(lengths, size, rtol=1e-5)


def test_a_jet_of_weight_two_aligns_as_two_jets(jets):
    """Means of displacements and of cosines, with all their replicates."""
    copies = np.arange(len(jets)) % 4
    rows = torch.from_numpy(np.repeat(np.arange(len(jets)), copies))
    varied = moved(jets, torch.randn(jets.inputs.shape, generator=torch.Generator().manual_seed(7)))
    step = torch.randn(jets.inputs.shape, generator=torch.Generator().manual_seed(8))
    weighted = [replace(each, event_weight=torch.from_numpy(0.5 * copies)) for each in (jets, varied)]
    copied = [each.select(rows) for each in (jets, varied)]
    tables = []
    for (before, after), moves in ((weighted, step), (copied, step[rows])):
        counted = replicas(before.event.numpy(), before.event_weight.numpy(), 20, seed=1)
        attack = Displacement.of(moves, before, counted)
        means = Displacement.of(after.inputs - before.inputs, before, counted)
        tables.append(alignment(attack, {"x": means}, before.label, counted))
    for column in ("value", "low", "high"):
        np.testing.assert_allclose(tables[0][column], tables[1][column], rtol=1e-4, atol=1e-6)


def test_noise_does_not_draw_the_cosine_of_means_to_zero():
    """Scenario and attack share half of their way for the mean jet, under noise that few jets leave."""
    values = []
    for seed in range(12):
        jets = sample(jets=300, seed=seed)
        weights = replicas(jets.event.numpy(), jets.event_weight.numpy(), 100, seed=seed)
        noise = 1.5 * torch.randn(jets.inputs.shape, generator=torch.Generator().manual_seed(seed))
        step = torch.full_like(jets.inputs, 0.2)
        scenario = Displacement.of(step + noise, jets, weights)
        attack = Displacement.of(step * (torch.arange(FEATURES) < 6), jets, weights)
        table = alignment(attack, {"x": scenario}, jets.label, weights)
        means = table[table["measure"] == "mean"]
        plain = torch.cosine_similarity(attack.means[0], scenario.means[0], dim=1).numpy()
        values.append((plain.mean(), means["value"].mean()))
        assert ((means["low"] < means["value"]) & (means["value"] < means["high"])).all()
    plain, corrected = np.mean(values, axis=0)
    truth = np.sqrt(1 / 2)
    assert plain < 0.85 * truth
    assert abs(corrected - truth) < 0.5 * (truth - plain)


def test_random_moves_agree_with_nothing(jets, weights):
    step = torch.randn(jets.inputs.shape, generator=torch.Generator().manual_seed(3)).sign()
    noise = torch.randn(jets.inputs.shape, generator=torch.Generator().manual_seed(4))
    table = alignment(
        Displacement.of(step, jets, weights), {"x": between(jets, moved(jets, noise))}, jets.label, weights
    )
    jet = table[table["measure"] == "jet"]
    assert (jet["value"].abs() < 4 * (jet["high"] - jet["low"])).all()
    assert (jet["value"].abs() < 0.05).all()


def test_projection_agrees_with_least_squares():
    generator = torch.Generator().manual_seed(5)
    moves = torch.randn((6, FEATURES), generator=generator)
    directions = torch.randn((6, 4, FEATURES), generator=generator)
    directions[:, 3] = 2 * directions[:, 1]  # twice the same
    directions[0, 2] = 0  # none
    part = project(moves, directions)
    for jet in range(6):
        basis = directions[jet].T.double().numpy()
        share = np.linalg.lstsq(basis, moves[jet].double().numpy(), rcond=1e-6)[0]
        np.testing.assert_allclose(part[jet], basis @ share, atol=1e-5)
    torch.testing.assert_close(project(part, directions), part, atol=1e-5, rtol=1e-4)


class Linear(nn.Module):
    """b against light along the first input."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(FEATURES, 3))
        self.weight.data[0] = torch.tensor([-1.0, 0.0, 1.0])

    def forward(self, x):
        return x @ self.weight


def test_an_attack_inside_the_span_keeps_its_effect_and_one_outside_loses_it(jets, weights):
    inside, outside = torch.zeros_like(jets.inputs), torch.zeros_like(jets.inputs)
    towards = torch.where(jets.label == 0, 1.0, -1.0)
    inside[:, 0] = towards
    outside[:, 1] = towards
    attack = Displacement.of(inside + 0.5 * outside, jets, weights)
    scores = Scores(Linear(), jets, weights, ["BvL"])
    for along, share in ((inside, 1.0), (outside, 0.0)):
        parts = spans(attack, {"x": between(jets, moved(jets, 2 * along))}, jets, seed=1)
        table = effects(scores, attack.moves, parts, jets.inputs)
        rows = table[table["kept"] == "projected"].set_index("span")
        for span in ("flavour", "jet"):
            assert rows.loc[span, "share"] == pytest.approx(share, abs=0.02)
            assert rows.loc[span, "length"] == pytest.approx(2 / 5**0.5 if share else 1 / 5**0.5, abs=0.02)


def test_random_directions_hold_their_number_of_all(jets, weights):
    generator = torch.Generator().manual_seed(6)
    attack = Displacement.of(torch.randn(jets.inputs.shape, generator=generator), jets, weights)
    ways = {
        str(k): between(jets, moved(jets, torch.randn(jets.inputs.shape, generator=generator)))
        for k in range(3)
    }
    parts = spans(attack, ways, jets, seed=1)
    total = attack.moves.square().sum()
    for span in ("random_flavour", "random_jet", "jet", "other_jet", "flipped"):
        assert (parts[span].square().sum() / total).item() == pytest.approx(3 / FEATURES, abs=0.03), span


def shares(attack, ways, jets, weights):
    """Effect on a linear tagger of the part of an attack in every span, by name."""
    table = effects(
        Scores(Linear(), jets, weights, ["BvL"]), attack.moves, spans(attack, ways, jets, seed=1), jets.inputs
    )
    return table[table["kept"] == "projected"].set_index("span")


def test_an_attack_along_the_jets_own_systematics_is_not_in_those_of_others(jets, weights):
    """Each jet has two directions of its own; the attack is their sum."""
    generator = torch.Generator().manual_seed(7)
    own = [torch.randn(jets.inputs.shape, generator=generator) for _ in range(2)]
    towards = torch.where(jets.label == 0, 1.0, -1.0)
    for way in own:
        way[:, 0] = towards
    attack = Displacement.of(own[0] + own[1], jets, weights)
    rows = shares(
        attack, {str(k): between(jets, moved(jets, way)) for k, way in enumerate(own)}, jets, weights
    )
    assert rows.loc["jet", "share"] == pytest.approx(1.0, abs=0.01)
    for span in ("random_jet", "other_jet", "flipped"):
        assert rows.loc[span, "length"] < 0.6, span
        assert abs(rows.loc[span, "share"]) < 0.6, span


def test_what_systematics_do_to_all_jets_of_a_flavour_is_in_those_of_another_jet(jets, weights):
    """A coherent direction, which fewer inputs of some jets have: the sizes are known, the signs are not."""
    way = torch.zeros_like(jets.inputs)
    way[:, :8] = torch.where(jets.label == 0, 1.0, -1.0)[:, None] * torch.linspace(1.0, 2.0, 8)
    way[: len(jets) // 2, 6:] = 0.0
    rows = shares(
        Displacement.of(0.1 * way, jets, weights), {"x": between(jets, moved(jets, way))}, jets, weights
    )
    for span in ("jet", "other_jet"):
        assert rows.loc[span, "share"] == pytest.approx(1.0, abs=0.01), span
        assert rows.loc[span, "length"] == pytest.approx(1.0, abs=0.01), span
    for span in ("flipped", "random_jet"):
        assert rows.loc[span, "length"] < 0.5, span


def test_single_inputs_span_the_same_with_either_sign(jets, weights):
    """Signs alone do not leave the span of systematics that move an input each: nothing is learnt there."""
    ways = {
        str(feature): between(jets, moved(jets, torch.eye(FEATURES)[feature].expand_as(jets.inputs)))
        for feature in range(3)
    }
    attack = Displacement.of(torch.ones_like(jets.inputs), jets, weights)
    parts = spans(attack, ways, jets, seed=1)
    torch.testing.assert_close(parts["flipped"], parts["jet"])
    torch.testing.assert_close(parts["jet"][:, :3], torch.ones(len(jets), 3))
    assert (parts["jet"][:, 3:] == 0).all()


def test_controls_have_as_many_directions_in_the_same_inputs(jets, weights):
    """A scenario that leaves a jet alone gives it no direction of another jet, nor a random one."""
    one, two = torch.zeros_like(jets.inputs), torch.zeros_like(jets.inputs)
    generator = torch.Generator().manual_seed(10)
    one[:, :6] = torch.randn((len(jets), 6), generator=generator)
    two[::3, 4:8] = torch.randn((len(jets) // 3, 4), generator=generator)
    attack = Displacement.of(torch.ones_like(jets.inputs), jets, weights)
    ways = {"one": between(jets, moved(jets, one)), "two": between(jets, moved(jets, two))}
    parts = spans(attack, ways, jets, seed=1)
    inputs = {0: 8, 1: 6, 2: 6}  # that systematics move, by flavour
    for span in ("random_jet", "other_jet", "flipped"):
        for flavour, number in inputs.items():
            part = parts[span][jets.label == flavour]
            assert (part[:, number:] == 0).all()
            assert (part[:, :number] != 0).any(dim=0).all()
        # One direction in six inputs holds a sixth of what is in them.
        single = parts[span][jets.label == 1].square().sum(dim=1).mean().item()
        assert single == pytest.approx(1.0, abs=0.15), span


def test_replicates_of_two_shares_are_paired(jets, weights):
    """Half of an attack and another half: the difference of their shares is known better than either."""
    towards = torch.where(jets.label == 0, 1.0, -1.0)
    moves = torch.zeros_like(jets.inputs)
    moves[:, 0] = towards
    scores = Scores(Linear(), jets, weights, ["BvL"])
    table = effects(scores, moves, {"more": 0.52 * moves, "less": 0.48 * moves}, jets.inputs)
    rows = table[table["kept"] == "projected"].set_index("span")
    more, less = (rows.loc[span, "replicates"] for span in ("more", "less"))
    assert more.shape == (20,)
    for span, replicates in (("more", more), ("less", less)):
        ends = interval(replicates)
        np.testing.assert_allclose(rows.loc[span, ["share_low", "share_high"]].astype(float), ends, rtol=1e-6)
    assert (more - less).std() < 0.3 * more.std()
    assert (more - less).mean() == pytest.approx(
        rows.loc["more", "share"] - rows.loc["less", "share"], abs=1e-3
    )


def test_other_jets_have_no_moves_of_their_own(jets, weights):
    """Another generator makes other jets: their means differ, and that is all there is."""
    other = between(jets, sample(seed=8, event=jets.event + 10_000))
    assert other.moves is None
    with pytest.raises(InputError, match="most nominal jets are not in the varied sample"):
        spans(other, {}, jets, seed=1)


def test_every_part_of_a_jets_move_follows_the_jet(jets, weights):
    """In another order of the jets, controls included."""
    generator = torch.Generator().manual_seed(11)
    order = torch.randperm(len(jets), generator=generator)
    ways = [torch.randn(jets.inputs.shape, generator=generator) for _ in range(2)]
    moves = torch.randn(jets.inputs.shape, generator=generator)
    parts = []
    for rows in (slice(None), order):
        some, weight = jets.select(rows), weights[rows]
        scenarios = {str(k): Displacement.of(way[rows], some, weight) for k, way in enumerate(ways)}
        parts.append(spans(Displacement.of(moves[rows], some, weight), scenarios, some, seed=3))
    for name, part in parts[0].items():
        torch.testing.assert_close(part[order], parts[1][name], rtol=1e-3, atol=1e-4, msg=name)

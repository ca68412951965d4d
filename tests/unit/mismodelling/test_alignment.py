"""Where attacks and systematics point: known directions, known shares."""

import numpy as np
import pytest
import torch
from torch import nn

from robustag.errors import InputError
from robustag.evaluation.bootstrap import event_weights
from robustag.evaluation.parts import Scores, effects
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
    }
    return JetTensors(**(values | changes))


@pytest.fixture
def jets():
    return sample()


@pytest.fixture
def weights(jets):
    return event_weights(jets.event.numpy(), 20, seed=1)


def moved(jets, moves):
    return JetTensors(**(vars(jets) | {"inputs": jets.inputs + moves}))


def between(jets, varied, frozen=None):
    frozen = torch.zeros(FEATURES, dtype=torch.bool) if frozen is None else frozen
    weight = tuple(event_weights(part.event.numpy(), 20, seed=1) for part in (jets, varied))
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
    for span in ("random_flavour", "random_jet", "jet"):
        assert (parts[span].square().sum() / total).item() == pytest.approx(3 / FEATURES, abs=0.03), span


def test_other_jets_have_no_moves_of_their_own(jets, weights):
    """Another generator makes other jets: their means differ, and that is all there is."""
    other = between(jets, sample(seed=8, event=jets.event + 10_000))
    assert other.moves is None
    with pytest.raises(InputError, match="most nominal jets are not in the varied sample"):
        spans(other, {}, jets, seed=1)

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from robustag.errors import InputError
from robustag.training import auc, learning_rate


def rates(decay, epochs=40):
    optimiser = {"learning_rate": 0.1, "decay": decay, "epochs": epochs}
    return [learning_rate(optimiser, epoch) for epoch in range(epochs)]


def test_inverse_decay_is_the_papers():
    assert rates({"name": "inverse", "epochs": 30}) == pytest.approx([0.1 / (1 + e / 30) for e in range(40)])


def test_cosine_falls_from_the_full_rate_towards_zero():
    found = rates({"name": "cosine"})
    assert found[0] == 0.1
    assert found[20] == pytest.approx(0.05)
    assert found[39] == pytest.approx(0.05 * (1 - math.cos(math.pi / 40)))
    assert found == sorted(found, reverse=True)


def test_constant_stays():
    assert set(rates({"name": "constant"})) == {0.1}


@pytest.mark.parametrize(
    ("decay", "message"), [({"name": "step"}, "unknown learning-rate decay"), ({"name": "inverse"}, "epochs")]
)
def test_a_wrong_decay_is_refused(decay, message):
    with pytest.raises(InputError, match=message):
        rates(decay)


jets = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=60).filter(
    lambda pairs: len({positive for _, positive in pairs}) == 2
)


@settings(max_examples=100, deadline=None)
@given(jets)
def test_auc_is_exact_with_many_ties(pairs):
    score, positive = (torch.tensor(column) for column in zip(*pairs, strict=True))
    found = auc(score.float(), positive, torch.ones(len(score)))
    above, below = score[positive].double(), score[~positive].double()
    pairs_won = (above[:, None] > below).double() + 0.5 * (above[:, None] == below).double()
    assert found == pytest.approx(pairs_won.mean().item(), abs=1e-12)
    copies = torch.arange(len(score)) % 3 + 1
    of_copies = auc(
        *(torch.repeat_interleave(each, copies) for each in (score.float(), positive)),
        torch.ones(int(copies.sum())),
    )
    assert auc(score.float(), positive, copies) == pytest.approx(of_copies, abs=1e-12)


def test_auc_agrees_with_scikit_learn_on_many_jets():
    torch.manual_seed(0)
    positive = torch.rand(50_000) < 0.3
    score = torch.randn(50_000) + positive
    weight = torch.rand(50_000)
    expected = roc_auc_score(positive, score, sample_weight=weight)
    assert auc(score, positive, weight) == pytest.approx(expected, abs=1e-12)


def test_auc_needs_both_classes():
    with pytest.raises(InputError, match="both flavours"):
        auc(torch.rand(5), torch.ones(5, dtype=torch.bool), torch.ones(5))

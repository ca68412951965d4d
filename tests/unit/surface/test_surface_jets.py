import numpy as np
import pytest
import torch

from robustag.errors import InputError
from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import probabilities
from robustag.surface import balanced_jets, confident_jet


def test_confident_jet_is_the_closest_of_its_flavour(linear, data):
    score = probabilities(predict(linear, data.inputs))
    for flavour, name in enumerate(("b", "c", "light")):
        jet = confident_jet(linear, data, name, 0.6, (0, 3))
        assert data.label[jet] == flavour
        rivals = np.abs(score[data.label == flavour, flavour] - 0.6)
        assert abs(score[jet, flavour] - 0.6) == pytest.approx(rivals.min())


def test_confident_jet_has_both_inputs(linear, data):
    """Jet 3 (a b jet) would be the closest, but lacks input 4."""
    wanted = probabilities(predict(linear, data.inputs))[3, 0]
    assert confident_jet(linear, data, "b", wanted, (0, 1)) == 3
    assert confident_jet(linear, data, "b", wanted, (0, 4)) != 3


def test_equal_jets_give_the_first(linear, data):
    data.inputs[:] = data.inputs[0]
    assert confident_jet(linear, data, "c", 0.5, (0, 1)) == 1


def test_balanced_jets_are_a_deterministic_third_of_each_flavour(data):
    jets = balanced_jets(data, 31, 5, (1, 4))
    np.testing.assert_array_equal(jets, balanced_jets(data, 31, 5, (1, 4)))
    assert len(np.unique(jets)) == 31
    assert (np.diff(jets) > 0).all()
    np.testing.assert_array_equal(np.bincount(data.label[jets]), [11, 10, 10])
    assert not np.array_equal(jets, balanced_jets(data, 31, 6, (1, 4)))


def test_balanced_jets_take_all_there_are_and_none_without_the_inputs(data):
    jets = balanced_jets(data, 1000, 5, (1, 4))
    np.testing.assert_array_equal(jets, np.setdiff1d(np.arange(60), [3, 7]))


def test_what_cannot_be_chosen_is_named(linear, data):
    with pytest.raises(InputError, match="unknown flavour 'top'"):
        confident_jet(linear, data, "top", 0.5, (0, 1))
    empty = data.select(torch.nonzero(data.label != 1)[:, 0])
    with pytest.raises(InputError, match="no c jet has both inputs"):
        confident_jet(linear, empty, "c", 0.5, (0, 1))
    with pytest.raises(InputError, match="no c jet has both inputs"):
        balanced_jets(empty, 10, 0, (0, 1))

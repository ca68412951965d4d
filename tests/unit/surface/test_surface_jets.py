import numpy as np
import pytest
import torch

from robustag.errors import InputError
from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import probabilities
from robustag.surface import flavoured_jets, reference_jet

ANY = {"pt": 1.0, "eta": 1.0}  # as all jets of the data


def test_reference_jet_has_the_closest_probability_where_nothing_else_differs(linear, data):
    score = probabilities(predict(linear, data.inputs))
    for flavour, name in enumerate(("b", "c", "light")):
        jet = reference_jet(linear, data, name, 0.6, **ANY, columns=(0, 3))
        assert data.label[jet] == flavour
        rivals = np.abs(score[data.label == flavour, flavour] - 0.6)
        assert abs(score[jet, flavour] - 0.6) == pytest.approx(rivals.min())


def test_reference_jet_is_close_in_momentum_and_direction(linear, data):
    """The wanted jet itself wins, and pT counts in units of its spread, not in GeV."""
    data.pt[:] = torch.linspace(20, 900, 60)
    data.eta[:] = torch.linspace(-2, 2, 60)[torch.randperm(60, generator=torch.Generator().manual_seed(1))]
    score = probabilities(predict(linear, data.inputs))
    for jet in (0, 30, 57):  # b jets
        found = reference_jet(
            linear, data, "b", score[jet, 0], pt=float(data.pt[jet]), eta=float(data.eta[jet]), columns=(0, 1)
        )
        assert found == jet
    b_jets = np.flatnonzero(data.label == 0)
    values = np.stack([score[b_jets, 0], data.pt[b_jets], data.eta[b_jets]], axis=1)
    wanted = np.array([0.5, 100.0, 0.5])
    nearest = b_jets[np.argmin((((values - wanted) / values.std(axis=0)) ** 2).sum(axis=1))]
    assert reference_jet(linear, data, "b", *wanted, columns=(0, 3)) == nearest


def test_reference_jet_has_its_inputs(linear, data):
    """Jet 3 (a b jet) would be the closest, but lacks input 4."""
    wanted = probabilities(predict(linear, data.inputs))[3, 0]
    assert reference_jet(linear, data, "b", wanted, **ANY, columns=(0, 1)) == 3
    assert reference_jet(linear, data, "b", wanted, **ANY, columns=(0, 4)) != 3


def test_equal_jets_give_the_first(linear, data):
    data.inputs[:] = data.inputs[0]
    assert reference_jet(linear, data, "c", 0.5, **ANY, columns=(0, 1)) == 1


def test_flavoured_jets_are_deterministic_and_few_are_part_of_many(data):
    jets = flavoured_jets(data, 10, (1, 4))
    np.testing.assert_array_equal(jets, flavoured_jets(data, 10, (1, 4)))
    assert (np.diff(jets) > 0).all()
    np.testing.assert_array_equal(np.bincount(data.label[jets]), [10, 10, 10])
    assert set(flavoured_jets(data, 4, (1, 4))) < set(jets)


def test_flavoured_jets_take_all_there_are_and_none_without_the_inputs(data):
    jets = flavoured_jets(data, 1000, (1, 4))
    np.testing.assert_array_equal(jets, np.setdiff1d(np.arange(60), [3, 7]))


def test_what_cannot_be_chosen_is_named(linear, data):
    with pytest.raises(InputError, match="unknown flavour 'top'"):
        reference_jet(linear, data, "top", 0.5, **ANY, columns=(0, 1))
    empty = data.select(torch.nonzero(data.label != 1)[:, 0])
    with pytest.raises(InputError, match="no c jet has all inputs"):
        reference_jet(linear, empty, "c", 0.5, **ANY, columns=(0, 1))
    with pytest.raises(InputError, match="no c jet has all inputs"):
        flavoured_jets(empty, 10, (0, 1))

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustag.errors import InputError
from robustag.surface import flavoured_jets, reference_jet

NARROW = (1e-6, 1e-6)


@pytest.fixture
def kinematics(data):
    """The jets with momenta and directions of their own."""
    generator = torch.Generator().manual_seed(1)
    pt, eta = torch.linspace(20, 900, 60), torch.linspace(-2, 2, 60)[torch.randperm(60, generator=generator)]
    return replace(data, pt=pt, eta=eta)


def test_reference_jet_is_close_in_momentum_and_direction(kinematics):
    """The wanted jet itself wins, and pT counts in units of its spread, not in GeV."""
    for flavour, jets in (("b", (0, 30, 57)), ("c", (1, 31, 58))):
        for jet in jets:
            wanted = float(kinematics.pt[jet]), float(kinematics.eta[jet])
            assert reference_jet(kinematics, flavour, *wanted, planes=[]) == jet
    b_jets = np.flatnonzero(kinematics.label == 0)
    values = np.stack([kinematics.pt[b_jets], kinematics.eta[b_jets]], axis=1)
    nearest = b_jets[np.argmin((((values - [100.0, 0.5]) / values.std(axis=0)) ** 2).sum(axis=1))]
    assert reference_jet(kinematics, "b", 100.0, 0.5, planes=[]) == nearest


def test_reference_jet_has_its_inputs_with_room_around_them(kinematics, pair):
    """Jet 3 (a b jet) is the closest, but lacks d0; with wide planes, others drop out, too."""
    wanted = float(kinematics.pt[3]), float(kinematics.eta[3])
    assert reference_jet(kinematics, "b", *wanted, planes=[pair("jet_pt", "jet_eta", NARROW)]) == 3
    assert reference_jet(kinematics, "b", *wanted, planes=[pair("jet_pt", "d0", NARROW)]) != 3
    planes = [pair("jet_pt", "jet_eta", (3.0, 1e-6)), pair("mass", "d0", (2.0, 1.5))]
    jet = reference_jet(kinematics, "b", *wanted, planes=planes)
    for column, width in ((0, 3.0), (3, 2.0), (4, 1.5)):
        there = kinematics.inputs[~kinematics.missing[:, column], column]
        assert there.min() <= kinematics.inputs[jet, column] - width / 2
        assert there.max() >= kinematics.inputs[jet, column] + width / 2


def test_of_equal_jets_the_lowest_event_is_taken_whatever_their_order(data):
    data = replace(data, event=torch.arange(60).flip(0))
    assert reference_jet(data, "c", 1.0, 1.0, planes=[]) == 58
    order = torch.randperm(60, generator=torch.Generator().manual_seed(2))
    shuffled = data.select(order)
    assert order[reference_jet(shuffled, "c", 1.0, 1.0, planes=[])] == 58


def test_planes_stay_inside_the_sample(data, pair):
    """The whole plane of every jet lies between the ends of the sample, and no jet of which that holds is
    left out. What stands for a missing entry is no end."""
    data.inputs[data.missing] = -100.0
    plane = pair("jet_eta", "d0", (1.5, 2.0))
    jets = flavoured_jets(data, 1000, [plane])
    inside = np.ones(60, bool)
    for column, width in zip(plane.columns, plane.widths, strict=True):
        values = data.inputs[:, column].numpy()
        there = ~data.missing[:, column].numpy()
        low, high = values[there].min(), values[there].max()
        inside &= there & (values - width / 2 >= low) & (values + width / 2 <= high)
    np.testing.assert_array_equal(jets, np.flatnonzero(inside))
    assert 0 < len(jets) < 55


def test_flavoured_jets_are_deterministic_and_few_are_part_of_many(data, pair):
    planes = [pair("jet_eta", "d0", NARROW)]
    jets = flavoured_jets(data, 10, planes)
    np.testing.assert_array_equal(jets, flavoured_jets(data, 10, planes))
    assert (np.diff(jets) > 0).all()
    np.testing.assert_array_equal(np.bincount(data.label[jets]), [10, 10, 10])
    assert set(flavoured_jets(data, 4, planes)) < set(jets)


def test_flavoured_jets_take_all_there_are_and_none_without_the_inputs(data, pair):
    ends = {int(end) for column in (1, 4) for end in _ends(data, column)}
    jets = flavoured_jets(data, 1000, [pair("jet_eta", "d0", NARROW)])
    np.testing.assert_array_equal(jets, np.setdiff1d(np.arange(60), [3, 7, *ends]))
    np.testing.assert_array_equal(flavoured_jets(data, 1000, []), np.arange(60))


def _ends(data, column):
    """The jets at the ends of the sample."""
    there = torch.nonzero(~data.missing[:, column])[:, 0]
    values = data.inputs[there, column]
    return there[values.argmin()], there[values.argmax()]


def test_what_cannot_be_chosen_is_named(data, pair):
    with pytest.raises(InputError, match="unknown flavour 'top'"):
        reference_jet(data, "top", 1.0, 1.0, planes=[])
    with pytest.raises(InputError, match=r"no b jet whose planes of surface.pairs \(jet_pt, mass\) stay"):
        reference_jet(data, "b", 1.0, 1.0, planes=[pair("jet_pt", "mass", (1.0, 20.0))])
    empty = data.select(torch.nonzero(data.label != 1)[:, 0])
    with pytest.raises(InputError, match="no c jet"):
        flavoured_jets(empty, 10, [pair("jet_pt", "jet_eta", NARROW)])

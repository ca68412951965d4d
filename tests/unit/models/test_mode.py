"""Models that are run in a mode for a while have the mode of every part afterwards that they had before."""

import copy

import pytest
import torch
from torch import nn

from robustag.models import in_mode


def modes(model):
    return [module.training for module in model.modules()]


@pytest.fixture(params=[(True, True), (True, False), (False, True), (False, False)], ids=str)
def model(request):
    """The modes of the whole and of one of its parts."""
    whole, part = request.param
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.BatchNorm1d(4), nn.Dropout()), nn.Linear(4, 3))
    model.train(whole)
    model[1][0].train(part)
    return model


@pytest.mark.parametrize("training", [True, False])
def test_every_part_is_put_back(model, training):
    before = modes(model)
    with in_mode(model, training=training):
        assert set(modes(model)) == {training}
    assert modes(model) == before
    with pytest.raises(KeyError), in_mode(model, training=training):
        raise KeyError
    assert modes(model) == before


def test_a_model_in_that_mode_already_is_not_told():
    model = nn.Linear(3, 3).eval()
    model.train = None
    with in_mode(model, training=False):
        assert not model.training


class Merging(nn.Linear):
    """Does more than keep its mode, as adapters do that are merged into the weights for evaluation."""

    merged = False

    def train(self, mode=True):
        self.merged = not mode
        return super().train(mode)


def test_what_a_model_does_for_its_mode_is_undone():
    model = nn.Sequential(Merging(3, 3), nn.Dropout())
    before = copy.deepcopy(model.state_dict())
    with in_mode(model, training=False):
        assert model[0].merged
    assert not model[0].merged
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

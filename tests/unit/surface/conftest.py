"""A small data set of six inputs and models whose loss is known in closed form."""

import pytest
import torch
from tests.six_inputs import feature_table, scaling

from robustag.attacks import BudgetRule, Spread
from robustag.surface.settings import InputPair
from robustag.tensors.loading import JetTensors


@pytest.fixture
def table():
    return feature_table()


@pytest.fixture
def normalisation(table):
    return scaling(table)


@pytest.fixture
def pair(table, normalisation):
    """Two inputs as a pair, by their names and full widths in sigma."""

    def scaled(x, y, widths=(1.0, 1.0)):
        sigma = [normalisation.sigma[table.index(name)] for name in (x, y)]
        units = [width * unit for width, unit in zip(widths, sigma, strict=True)]
        return InputPair((x, y), units).scaled(table, normalisation)

    return scaled


@pytest.fixture
def data():
    """60 jets, labels 0 1 2 0 1 2 ...; jet 3 has no d0, jet 7 neither eta nor z0."""
    missing = torch.zeros(60, 6, dtype=torch.bool)
    missing[3, 4] = missing[7, 1] = missing[7, 5] = True
    one = torch.ones(60)
    inputs = torch.randn(60, 6, generator=torch.Generator().manual_seed(1))
    return JetTensors(inputs, missing, torch.arange(60) % 3, one, one, one, torch.arange(60), one)


@pytest.fixture
def rule(table, normalisation):
    """Everything may move but the count; each flavour has a covariance of its own."""
    generator = torch.Generator().manual_seed(3)
    roots = torch.randn(3, 6, 6, generator=generator)
    spread = Spread(roots @ roots.mT, torch.ones(6), (0.0, 0.0, 0.0))
    return BudgetRule.of(table, normalisation, spread=spread)


@pytest.fixture
def smooth():
    """A network of tanh."""
    torch.manual_seed(4)
    return torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))


@pytest.fixture
def piecewise():
    """A network of ReLUs."""
    torch.manual_seed(5)
    return torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))


@pytest.fixture
def linear():
    """z = W x + c with random W and c."""
    model = torch.nn.Linear(6, 3)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        model.weight.copy_(torch.randn(3, 6, generator=generator))
        model.bias.copy_(torch.randn(3, generator=generator))
    return model


@pytest.fixture
def identity():
    """Passes the inputs on as logits, so that a loss may be any function of the inputs."""
    model = torch.nn.Linear(6, 6, bias=False)
    model.weight.data = torch.eye(6)
    return model


@pytest.fixture
def cross_entropy():
    return torch.nn.CrossEntropyLoss(reduction="none")

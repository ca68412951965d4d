"""The precision of the products is part of a training's definition."""

import pytest
import torch

from robustag.errors import InputError
from robustag.models import build_model, in_mode
from robustag.training.precision import InBfloat16, products_in
from robustag.training.updates import Updates


@pytest.fixture
def network():
    return build_model({"name": "mlp", "hidden": [16, 16], "dropout": 0.1}, 6, seed=1)


def test_products_are_rounded_and_what_leaves_them_is_not(network):
    x = torch.randn(64, 6, generator=torch.Generator().manual_seed(1), requires_grad=True)
    with in_mode(network, training=False):
        exact, rounded = network(x), InBfloat16(network)(x)
        assert rounded.dtype == torch.float32
        assert not torch.equal(exact, rounded)
        # 8 significant bits through three layers.
        assert (exact - rounded).abs().max() < 0.03 * exact.abs().max()
        gradients = [torch.autograd.grad(logits.sum(), x)[0] for logits in (exact, rounded)]
    assert gradients[1].dtype == torch.float32
    # In a few jets a hidden activation lies so near zero that rounding opens or closes it.
    assert (gradients[1] - gradients[0]).norm() < 0.1 * gradients[0].norm()
    InBfloat16(network)(x).sum().backward()
    assert {parameter.grad.dtype for parameter in network.parameters()} == {torch.float32}


def test_the_mode_of_the_network_is_followed(network):
    wrapped = InBfloat16(network)
    with in_mode(wrapped, training=True):
        assert network.training
    with in_mode(wrapped, training=False):
        assert not network.training


def test_tf32_holds_inside_only():
    before = torch.get_float32_matmul_precision()
    with products_in("tf32"):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before
    with products_in("bfloat16"):
        assert torch.get_float32_matmul_precision() == before


def test_an_unknown_precision_is_refused(network):
    with pytest.raises(InputError, match="bfloat16"):
        Updates(network, torch.optim.Adam(network.parameters()), None, "float16")

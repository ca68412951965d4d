import pytest
import torch
from torch.autograd.functional import hessian

from robustag.surface import Landscape
from robustag.surface.curvature import lanczos, top_curvature
from robustag.training.losses import build_loss

FOCAL = build_loss({"name": "double_softmax_focal", "gamma": 25})


def matrices(spectrum):
    """40 random symmetric matrices with these eigenvalues."""
    generator = torch.Generator().manual_seed(6)
    size = len(spectrum)
    rotation = torch.linalg.qr(torch.randn(40, size, size, generator=generator, dtype=torch.float64))[0]
    return rotation @ torch.diag(torch.tensor(spectrum, dtype=torch.float64)) @ rotation.mT


def largest(matrix, steps):
    start = torch.randn(len(matrix), matrix.shape[1], generator=torch.Generator().manual_seed(7)).double()
    return lanczos(lambda vector: torch.einsum("nfg,ng->nf", matrix, vector), start, steps)


def test_lanczos_is_exact_beyond_the_rank():
    """Rank two in twelve dimensions: three steps; more change nothing although the space is exhausted."""
    matrix = matrices([5.0, -7.0, *[0.0] * 10])
    for steps in (3, 6, 12):
        torch.testing.assert_close(largest(matrix, steps), torch.full((40,), 5.0).double())


def test_lanczos_of_a_full_matrix_approaches_from_below():
    matrix = matrices([10.0, 6.0, 3.0, 2.0, 1.0, 0.5, -1.0, -2.0])
    few, more, all_of_them = (largest(matrix, steps) for steps in (2, 5, 8))
    assert (few <= more + 1e-9).all()
    assert (more <= 10 + 1e-9).all()
    assert more.mean() > 9.9
    torch.testing.assert_close(all_of_them, torch.full((40,), 10.0).double())


def test_lanczos_of_negative_matrices_finds_no_zero_of_its_own():
    torch.testing.assert_close(largest(matrices([-3.0] * 5), 4), torch.full((40,), -3.0).double())


@pytest.mark.parametrize("loss", [torch.nn.CrossEntropyLoss(reduction="none"), FOCAL])
def test_smooth_network_against_the_full_hessian(smooth, data, loss):
    """Over the entries that may move, for a network whose logits are curved."""
    landscape = Landscape(smooth, loss)
    inputs = landscape.place(data.inputs)
    movable = ~data.missing
    movable[:, 2] = False
    found = top_curvature(landscape, inputs, data.label, movable, data.key, steps=6)
    model = smooth.double()
    for jet in range(0, 60, 7):
        full = hessian(lambda x, j=jet: loss(model(x[None]), data.label[j : j + 1]).sum(), inputs[jet])
        mask = movable[jet].double()
        exact = torch.linalg.eigvalsh(full * mask * mask[:, None])[-1]
        assert found[jet].item() == pytest.approx(exact.item(), rel=1e-6, abs=1e-16)


def test_relu_network_has_the_curvature_of_the_softmax_alone(piecewise, cross_entropy, data):
    """J^T (diag p - p p^T) J, for which three steps are exact."""
    landscape = Landscape(piecewise, cross_entropy)
    inputs = landscape.place(data.inputs)
    found = top_curvature(landscape, inputs, data.label, torch.ones_like(data.missing), data.key, steps=3)
    model = piecewise.double()
    for jet in range(0, 60, 7):
        jacobian = torch.autograd.functional.jacobian(model, inputs[jet])
        p = model(inputs[jet]).softmax(0).detach()
        outer = jacobian.T @ (torch.diag(p) - torch.outer(p, p)) @ jacobian
        assert found[jet].item() == pytest.approx(torch.linalg.eigvalsh(outer)[-1].item(), rel=1e-6)

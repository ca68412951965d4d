import pytest
import torch

from robustag.draws import Draws
from robustag.surface.directions import aligned_planes, captured_share, principal_directions


@pytest.fixture
def planes(data, rule):
    movable = rule.budget(data.inputs, data.missing, 1.0).movable
    gradient = torch.randn(60, 6, generator=torch.Generator().manual_seed(8)).double()
    leading = principal_directions(rule.spread, rule, 2)[data.label]
    draws = Draws.of_rows(1, gradient)
    return gradient, movable, aligned_planes(gradient, movable, leading, width=2.0, draws=draws)


def test_principal_directions_are_leading_eigenvectors_without_counts(rule):
    directions = principal_directions(rule.spread, rule, 3)
    assert (directions[:, 2] == 0).all()
    identity = torch.eye(3, dtype=torch.float64).expand(3, 3, 3)
    torch.testing.assert_close(directions.mT @ directions, identity)
    for flavour in range(3):
        covariance = rule.spread[flavour].double().clone()
        covariance[2] = covariance[:, 2] = 0
        variances = (directions[flavour].T @ covariance @ directions[flavour]).diagonal()
        torch.testing.assert_close(variances, torch.linalg.eigvalsh(covariance).flip(0)[:3])
    assert (directions.gather(1, directions.abs().argmax(dim=1, keepdim=True)) > 0).all()


def test_aligned_planes_are_orthonormal_and_spare_what_may_not_move(planes):
    _, movable, found = planes
    assert [plane.kind for plane in found] == ["gradient_random", "gradient_principal", "principal"]
    for plane in found:
        first, second = plane.along
        for vector in plane.along:
            assert (vector[~movable] == 0).all()
            torch.testing.assert_close(vector.norm(dim=1), torch.ones(60).double())
        torch.testing.assert_close((first * second).sum(dim=1), torch.zeros(60).double(), atol=1e-12, rtol=0)


def test_first_direction_is_the_gradient_of_what_may_move(planes):
    gradient, movable, found = planes
    wanted = torch.nn.functional.normalize(gradient * movable, dim=1)
    for plane in found[:2]:
        torch.testing.assert_close(plane.along[0], wanted)


def test_captured_share():
    directions = torch.eye(4).double()[:, :2]
    vectors = torch.tensor([[3.0, 0, 4, 0], [1, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0]]).double()
    share = captured_share(vectors, directions)
    assert share[:3].tolist() == pytest.approx([9 / 25, 1, 0])
    assert torch.isnan(share[3])

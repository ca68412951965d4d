"""Track resolution from the layer description."""

import numpy as np
import pytest

from robustag.generate.layers import TRACKERS
from robustag.generate.tracker import covariance_at, covariance_grid, track_covariance

RUN1 = TRACKERS["atlas_run1"]

# sigma(pT) = A (1 + B / pT, in quadrature) at central eta: ATLAS, arXiv:0901.0512, "Expected performance",
# table of track parameter resolutions: d0 [mm], z0 [mm], phi [rad], cot theta, q/pT [1/GeV].
QUOTED = {
    "d0": (0, 0.010, 14.0),
    "z0": (1, 0.091, 2.3),
    "phi": (2, 70e-6, 39.0),
    "cot_theta": (3, 0.7e-3, 5.0),
    "q_over_pt": (4, 0.34e-3, 44.0),
}


@pytest.mark.parametrize("name", QUOTED)
@pytest.mark.parametrize("pt", [1.0, 5.0, 20.0, 1000.0])
def test_resolution_is_that_of_the_atlas_inner_detector(name: str, pt: float) -> None:
    index, asymptotic, scattering = QUOTED[name]
    sigma = np.sqrt(covariance_at(RUN1, np.array(pt), np.array(0.25))[index, index])
    assert sigma == pytest.approx(asymptotic * np.hypot(1.0, scattering / pt), rel=0.40)


def test_covariance_is_positive_definite_and_grows_with_material() -> None:
    grid = covariance_grid(RUN1)
    assert np.linalg.eigvalsh(grid.covariance).min() > 0.0
    d0 = grid.covariance[:, :, 0, 0]
    assert (np.diff(d0, axis=0) < 0.0).all()
    assert (np.diff(d0, axis=1) > 0.0).all()


def test_interpolation_follows_the_exact_covariance() -> None:
    rng = np.random.default_rng(0)
    pt, eta = np.exp(rng.uniform(np.log(0.5), np.log(200.0), 200)), rng.uniform(-2.4, 2.4, 200)
    theta = 2.0 * np.arctan(np.exp(-eta))
    found = track_covariance(covariance_grid(RUN1), RUN1, pt, theta, np.ones(200))
    exact = covariance_at(RUN1, pt, np.abs(eta))
    assert found[:, 0, 0] == pytest.approx(exact[:, 0, 0], rel=0.02)
    assert found[:, 1, 1] == pytest.approx(exact[:, 1, 1], rel=0.02)
    assert found[:, 1, 3] == pytest.approx(-(np.sin(theta) ** 2) * exact[:, 1, 3], rel=0.02)
    assert np.linalg.eigvalsh(found).min() > 0.0


def test_published_preset_has_no_growth_below_its_floor_and_doubles_soft_impact_parameters() -> None:
    tracker = TRACKERS["published"]
    pt = np.array([1.0, 5.0, 12.0])
    theta = np.full(3, np.pi / 2)
    covariance = track_covariance(covariance_grid(tracker), tracker, pt, theta, np.ones(3))
    assert covariance[0, 0, 0] == pytest.approx(4.0 * covariance[2, 0, 0])
    assert covariance[1, 0, 0] == pytest.approx(covariance[0, 0, 0])
    assert covariance[0, 2, 2] == pytest.approx(covariance[2, 2, 2])


def test_signs_of_the_correlations_follow_the_perigee_convention() -> None:
    """Inward extrapolation: a larger phi means a smaller d0, a larger theta a larger z0."""
    covariance = covariance_at(RUN1, np.array(5.0), np.array(0.0))
    assert covariance[2, 0] < 0.0
    assert covariance[3, 1] < 0.0
    assert covariance[4, 0] < 0.0
    assert covariance[4, 2] > 0.0

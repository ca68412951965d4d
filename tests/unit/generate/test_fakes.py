"""Fake tracks: how many, where, and that a larger rate only adds."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from robustag.generate.charged import final_charged
from robustag.generate.fakes import D0_MAX, SPREAD, Z0_MAX, fake_tracks
from robustag.generate.labels import find_truth
from robustag.generate.layers import TRACKERS
from robustag.generate.origins import Origin
from robustag.generate.random import Streams, poisson
from robustag.generate.tracker import covariance_grid
from robustag.generate.tracks import Tracks

TRACKER = TRACKERS["atlas_run1"]


@given(st.floats(1e-9, 1 - 1e-9), st.floats(0.0, 50.0))
def test_poisson_is_the_inverse_of_its_distribution(uniform: float, mean: float) -> None:
    count = int(poisson(np.array([uniform]), mean)[0])
    assert stats.poisson.cdf(count, mean) >= uniform - 1e-9
    assert count == 0 or stats.poisson.cdf(count - 1, mean) <= uniform + 1e-9


@pytest.fixture
def fakes(make_batch: Callable, streams: Streams) -> Callable[..., Tracks]:
    def build(rate: float, events: int = 3000, collision: tuple = (0.1, -0.2, 30.0)) -> Tracks:
        event = [{"id": 211, "pt": 20.0, "eta": 0.5, "phi": 1.0}, {"id": -211, "pt": 20.0, "eta": -1.0}]
        batch = make_batch([*[event] * events, [{"id": 22}]])
        charged = final_charged(batch, find_truth(batch))
        points = np.tile(collision, (events + 1, 1))
        return fake_tracks(charged, rate, batch.number, points, TRACKER, covariance_grid(TRACKER), streams)

    return build


def test_number_of_fakes_is_a_poisson_number(fakes: Callable[..., Tracks]) -> None:
    count = np.bincount(fakes(2.0).event, minlength=3001)
    assert count[3000] == 0  # nothing charged to make a fake of
    assert count[:3000].mean() == pytest.approx(2.0, abs=4 * np.sqrt(2.0 / 3000))
    assert count[:3000].var() == pytest.approx(2.0, rel=0.15)
    assert len(fakes(0.0)) == 0


def test_fakes_have_no_truth_and_lie_where_particles_are(fakes: Callable[..., Tracks]) -> None:
    tracks = fakes(2.0)
    assert set(tracks.origin) == {Origin.FAKE}
    assert set(tracks.particle) == {-1}
    assert np.isnan(tracks.truth).all()
    near = np.minimum(np.abs(tracks.eta - 0.5), np.abs(tracks.eta + 1.0))
    assert near.max() < 5 * SPREAD
    assert near.std() < 2 * SPREAD
    x, y, z = 0.1, -0.2, 30.0
    phi = tracks.parameters[:, 2]
    d0 = tracks.parameters[:, 0] - (y * np.cos(phi) - x * np.sin(phi))
    assert np.abs(d0).max() < D0_MAX
    assert d0.std() == pytest.approx(D0_MAX / np.sqrt(3.0), rel=0.03)
    assert np.abs(tracks.parameters[:, 1] - z).max() < Z0_MAX
    assert tracks.pt.min() >= 0.5 - 1e-9
    # P(pT > 1) of pT^-3 above 0.5 is 1/4.
    assert (tracks.pt > 1.0).mean() == pytest.approx(0.25, abs=0.03)


def test_a_larger_rate_adds_fakes_and_moves_none(fakes: Callable[..., Tracks]) -> None:
    few, many = fakes(0.5, 300), fakes(5.0, 300)
    assert len(many) > 5 * len(few)
    kept = {tuple(row) for row in many.parameters}
    assert all(tuple(row) in kept for row in few.parameters)

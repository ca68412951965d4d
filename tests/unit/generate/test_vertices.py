"""Vertex fits on toy tracks whose origin is known."""

from collections.abc import Callable

import numpy as np
import pytest

from robustag.generate.layers import BeamSpot
from robustag.generate.vertices import find_secondary_vertices, fit_primary_vertices

FIELD = 2.0


def _sprays(
    seed: int, events: int, tracks: int, vertex: tuple[float, float, float], spread: float
) -> list[list[dict]]:
    """Muons (nearly always found) around (eta, phi) = (0, 0), flat in a cone of size `spread`."""
    rng = np.random.default_rng(seed)
    return [
        [
            {
                "id": int(rng.choice([13, -13])),
                "pt": float(rng.uniform(3.0, 15.0)),
                "eta": float(rng.uniform(-spread, spread)),
                "phi": float(rng.uniform(-spread, spread)),
                "vertex": vertex,
            }
            for _ in range(tracks)
        ]
        for _ in range(events)
    ]


@pytest.fixture
def primary_only(toy_tracks: Callable) -> tuple:
    _, tracks = toy_tracks(_sprays(1, 400, 12, (0.01, -0.02, 30.0), 2.4))
    return tracks, fit_primary_vertices(tracks, 400, BeamSpot(), FIELD)


def test_primary_vertex_is_recovered_with_the_errors_it_claims(primary_only: tuple) -> None:
    _, primary = primary_only
    # A beam spot as wide as this pulls the fit; the truth sits within its width.
    pull_z = (primary.position[:, 2] - 30.0) / np.sqrt(primary.covariance[:, 5])
    assert np.abs(primary.position[:, :2] - [0.01, -0.02]).mean() < 0.015
    assert pull_z.std() == pytest.approx(1.0, abs=0.15)
    assert abs(pull_z.mean()) < 0.2


def test_chi2_per_degree_of_freedom_is_one(toy_tracks: Callable) -> None:
    """Each track adds two degrees of freedom; a wide beam spot takes none, three are fitted away."""
    _, tracks = toy_tracks(_sprays(2, 400, 12, (0.0, 0.0, 10.0), 2.4))
    primary = fit_primary_vertices(tracks, 400, BeamSpot(10.0, 10.0, 1000.0), FIELD)
    # Weights below one and the cut at three sigma take a little of the chi2.
    assert (primary.chi2 / (primary.ndf - 3.0)).mean() == pytest.approx(0.95, abs=0.08)


def test_tracks_from_elsewhere_are_refused(toy_tracks: Callable) -> None:
    prompt = _sprays(3, 50, 12, (0.0, 0.0, 0.0), 2.4)
    displaced = _sprays(4, 50, 3, (8.0, 0.0, 5.0), 0.5)
    batch, tracks = toy_tracks([a + b for a, b in zip(prompt, displaced, strict=True)])
    primary = fit_primary_vertices(tracks, 50, BeamSpot(), FIELD)
    foreign = batch.item[tracks.particle] >= 12
    assert primary.track_weight[foreign].mean() < 0.1
    assert primary.track_weight[~foreign].mean() > 0.9


def test_event_without_tracks_gets_the_beam_spot(toy_tracks: Callable) -> None:
    _, tracks = toy_tracks([[], _sprays(5, 1, 10, (0.0, 0.0, 1.0), 2.0)[0]])
    primary = fit_primary_vertices(tracks, 2, BeamSpot(), FIELD)
    assert primary.position[0] == pytest.approx([0.0, 0.0, 0.0])
    assert np.sqrt(primary.covariance[0, [0, 2, 5]]) == pytest.approx([0.015, 0.015, 46.0])


def test_secondary_vertex_is_recovered_with_the_errors_it_claims(toy_tracks: Callable) -> None:
    events = 400
    truth = np.array([6.0, 0.3, 2.0])
    prompt = _sprays(6, events, 10, (0.0, 0.0, 0.0), 2.4)
    displaced = _sprays(7, events, 4, tuple(truth), 0.25)
    batch, tracks = toy_tracks([a + b for a, b in zip(prompt, displaced, strict=True)])
    primary = fit_primary_vertices(tracks, events, BeamSpot(), FIELD)
    pair = np.flatnonzero(batch.item[tracks.particle] >= 10)
    found = find_secondary_vertices(tracks.event[pair], pair, np.arange(events), tracks, primary, FIELD)
    jets, count = np.unique(found.jet, return_counts=True)
    assert len(jets) > 0.97 * events
    single = np.isin(found.jet, jets[count == 1])
    assert single.sum() > 0.9 * events
    pull = (found.position[single] - truth) / np.sqrt(found.covariance[single][:, [0, 2, 5]])
    assert pull.std(axis=0) == pytest.approx(1.0, abs=0.2)
    assert np.abs(pull.mean(axis=0)).max() < 0.25
    assert (found.chi2 / found.ndf)[single].mean() == pytest.approx(1.0, abs=0.15)
    assert found.weight[found.member >= 0].min() > 0.5


def test_two_vertices_in_one_jet_are_told_apart(toy_tracks: Callable) -> None:
    events = 100
    near = _sprays(8, events, 3, (3.0, 0.0, 0.0), 0.3)
    far = _sprays(9, events, 3, (12.0, 1.0, 2.0), 0.3)
    prompt = _sprays(10, events, 10, (0.0, 0.0, 0.0), 2.4)
    batch, tracks = toy_tracks([a + b + c for a, b, c in zip(prompt, near, far, strict=True)])
    primary = fit_primary_vertices(tracks, events, BeamSpot(), FIELD)
    item = batch.item[tracks.particle]
    pair = np.flatnonzero(item >= 10)
    found = find_secondary_vertices(tracks.event[pair], pair, np.arange(events), tracks, primary, FIELD)
    radius = found.position[:, 0]
    assert (np.abs(radius - 3.0) < 1.0).sum() > 0.8 * events
    assert (np.abs(radius - 12.0) < 1.0).sum() > 0.8 * events
    both = (found.member >= 0) & (np.abs(radius[found.member] - 12.0) < 1.0)
    assert (item[pair][both] >= 13).mean() > 0.9


def test_fewer_than_two_free_tracks_make_no_vertex(toy_tracks: Callable) -> None:
    _, tracks = toy_tracks(_sprays(11, 20, 1, (5.0, 1.0, 0.0), 0.3))
    primary = fit_primary_vertices(tracks, 20, BeamSpot(), FIELD)
    pair = np.arange(len(tracks))
    found = find_secondary_vertices(tracks.event[pair], pair, np.arange(20), tracks, primary, FIELD)
    assert len(found.jet) == 0
    assert (found.member == -1).all()

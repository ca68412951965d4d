"""Vertex fits on toy tracks whose origin is known."""

from collections.abc import Callable
from itertools import chain

import numpy as np
import pytest

from robustag.generate.layers import BeamSpot
from robustag.generate.vertices import (
    choose_primary_vertices,
    find_secondary_vertices,
    fit_primary_vertices,
)

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


def _collisions(seed: int, places: list[float], tracks: int = 10) -> list[list[dict]]:
    """100 bunch crossings with a spray at each place along the beam; the last one is harder."""
    parts = [_sprays(seed + i, 100, tracks, (0.0, 0.0, z), 2.4) for i, z in enumerate(places)]
    for event in parts[-1]:
        for particle in event:
            particle["pt"] *= 2.0
    return [list(chain(*event)) for event in zip(*parts, strict=True)]


def test_all_vertices_are_found_and_the_hardest_is_chosen(toy_tracks: Callable) -> None:
    batch, tracks = toy_tracks(_collisions(20, [-60.0, -20.0, -1.0, 7.0]))
    near, primary, count = choose_primary_vertices(tracks, 100, BeamSpot(), FIELD)
    assert (count == 4).mean() > 0.95
    assert np.abs(primary.position[:, 2] - 7.0).max() < 0.2
    # Its own tracks stay, those of the others go.
    own = batch.item[near.particle] >= 30
    assert own.sum() > 0.99 * (batch.item[tracks.particle] >= 30).sum()
    assert (~own).sum() < 0.002 * len(tracks)
    assert primary.track_weight[own].mean() > 0.9


def test_tracks_that_pass_the_vertex_closely_stay_with_it(toy_tracks: Callable) -> None:
    """Two vertices 3 mm apart: of the other's tracks those that pass within |z0| sin(theta) of 1 mm stay."""
    batch, tracks = toy_tracks(_collisions(25, [4.0, 7.0]))
    near, _, _ = choose_primary_vertices(tracks, 100, BeamSpot(), FIELD)
    other = batch.item[near.particle] < 10
    assert (3.0 / np.cosh(near.eta[other]) < 1.1).all()
    steep = 3.0 / np.cosh(tracks.eta) < 0.9
    kept = near.particle[other & (3.0 / np.cosh(near.eta) < 0.9)]
    assert len(kept) > 0.97 * (steep & (batch.item[tracks.particle] < 10)).sum()


def test_tracks_of_b_hadrons_count_for_their_vertex(toy_tracks: Callable) -> None:
    """Two sprays alike; three hard tracks from 3 mm off one of them decide."""
    b_hadron = [
        [particle | {"pt": 2.0 * particle["pt"]} for particle in event]
        for event in _sprays(26, 100, 3, (3.0, 0.0, 20.0), 0.1)
    ]
    parts = (_sprays(27, 100, 10, (0.0, 0.0, -20.0), 2.4), _sprays(28, 100, 10, (0.0, 0.0, 20.0), 2.4))
    _, tracks = toy_tracks([list(chain(*event)) for event in zip(*parts, b_hadron, strict=True)])
    _, primary, _ = choose_primary_vertices(tracks, 100, BeamSpot(), FIELD)
    assert (np.abs(primary.position[:, 2] - 20.0) < 0.3).mean() > 0.9


def test_planted_vertices_come_back_wherever_they_are(toy_tracks: Callable) -> None:
    """Three millimetres apart, at random places, in a random order."""
    rng = np.random.default_rng(30)
    for _ in range(5):
        places = rng.permutation(np.cumsum(rng.uniform(3.0, 20.0, 8)) - 50.0).tolist()
        _, tracks = toy_tracks(_collisions(int(rng.integers(1000)), places))
        _, primary, count = choose_primary_vertices(tracks, 100, BeamSpot(), FIELD)
        assert count.mean() == pytest.approx(8.0, abs=0.1)
        assert np.abs(primary.position[:, 2] - places[-1]).max() < 0.3


def test_one_collision_is_fitted_as_without_pile_up(toy_tracks: Callable) -> None:
    """The fits start elsewhere and end at the same place: within a twentieth of the error."""
    _, tracks = toy_tracks(_sprays(40, 100, 12, (0.0, 0.0, 30.0), 2.4))
    alone = fit_primary_vertices(tracks, 100, BeamSpot(), FIELD)
    near, primary, count = choose_primary_vertices(tracks, 100, BeamSpot(), FIELD)
    assert len(near) == len(tracks)
    assert (count == 1).all()
    difference = (primary.position - alone.position) / np.sqrt(alone.covariance[:, [0, 2, 5]])
    assert np.sqrt((difference**2).mean()) < 0.05
    assert primary.ndf == pytest.approx(alone.ndf, abs=0.1)


def test_collisions_at_one_place_are_one_vertex(toy_tracks: Callable) -> None:
    _, tracks = toy_tracks(_collisions(50, [10.0, 10.05]))
    near, _, count = choose_primary_vertices(tracks, 100, BeamSpot(), FIELD)
    assert (count == 1).mean() > 0.9
    assert len(near) > 0.99 * len(tracks)


def test_displaced_tracks_are_no_vertex_and_stay_with_theirs(toy_tracks: Callable) -> None:
    """Three tracks from 6 mm off the beam, and another collision 4 mm on the other side of theirs."""
    displaced = _sprays(60, 100, 3, (6.0, 0.3, 2.0), 0.25)
    crossings = [a + b for a, b in zip(displaced, _collisions(61, [-4.0, 0.0]), strict=True)]
    batch, tracks = toy_tracks(crossings)
    near, _, count = choose_primary_vertices(tracks, 100, BeamSpot(), FIELD)
    assert (count == 2).mean() > 0.95
    assert (batch.item[near.particle] < 3).sum() == (batch.item[tracks.particle] < 3).sum()


def test_too_few_tracks_for_a_vertex_get_the_beam_spot(toy_tracks: Callable) -> None:
    _, tracks = toy_tracks([_sprays(70, 1, 3, (0.0, 0.0, 5.0), 2.0)[0], []])
    near, primary, count = choose_primary_vertices(tracks, 2, BeamSpot(), FIELD)
    assert count.tolist() == [0, 0]
    assert len(near) == len(tracks) == 3
    assert (primary.position == 0.0).all()
    assert np.sqrt(primary.covariance[:, [0, 2, 5]]) == pytest.approx(np.tile([0.015, 0.015, 46.0], (2, 1)))

"""What is put into toys comes out of the closure tables."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.validation.conftest import EFFICIENCY, SIGMA, toy_objects

from robustag.generate.origins import Origin
from robustag.validation.closure import (
    lifetimes,
    pulls,
    resolutions,
    shapes,
    vertex_composition,
    vertex_efficiency,
)
from robustag.validation.histograms import merge_histograms
from robustag.validation.lifetime import PDG_CTAU, lifetime_histograms, match, proper_length
from robustag.validation.tracks import track_histograms
from robustag.validation.vertices import main_origin, vertex_histograms


@pytest.fixture(scope="module")
def histograms(objects):
    return merge_histograms(
        [track_histograms(objects), vertex_histograms(objects), lifetime_histograms(objects)]
    )


@pytest.mark.parametrize("width", [1.0, 1.2])
def test_pulls_have_the_width_of_the_toys(width):
    fits = pulls(track_histograms(toy_objects(5, pull=width))).set_index("quantity")
    for quantity in ("d0_pull", "z0_pull"):
        assert abs(fits.loc[quantity, "width"] - width) < 4 * fits.loc[quantity, "width_error"]
        assert abs(fits.loc[quantity, "mean"]) < 4 * fits.loc[quantity, "mean_error"]
        assert fits.loc[quantity, "width_error"] < 0.03


def test_resolutions_are_those_of_the_toys_and_expected_by_the_covariance(histograms):
    rows = resolutions(histograms)
    for quantity, sigma in (("d0", SIGMA["D0"]), ("z0", SIGMA["Z0"])):
        measured = rows[(rows.quantity == quantity) & (rows.entries > 200)]
        assert len(measured) >= 8
        assert (np.abs(measured.resolution - sigma) < 4.5 * measured.error).all()
        assert measured.expected.to_numpy() == pytest.approx(sigma, rel=0.02)
    momentum = rows[(rows.quantity == "qoverp") & (rows.entries > 200)]
    assert (np.abs(momentum.resolution - 0.01) < 4.5 * momentum.error).all()
    assert momentum.expected.dropna().to_numpy() == pytest.approx(0.01, rel=0.05)
    vertex = rows.set_index("quantity").loc["pv_x"]
    assert abs(vertex.resolution - 0.01) < 4 * vertex.error


def test_only_primary_tracks_enter_the_pulls(objects, histograms):
    entries = histograms[histograms.quantity == "d0_pull"]["count"].sum()
    assert entries == (objects.tracks.origin == Origin.PRIMARY).sum() < len(objects.tracks)


def test_vertex_efficiency_is_what_was_put_in(histograms):
    rows = vertex_efficiency(histograms)
    for flavour, expected in EFFICIENCY.items():
        found = rows[(rows.flavour == flavour) & (rows.vertex == "any")]
        distance = (found.efficiency - expected) / (0.5 * (found.efficiency_high - found.efficiency_low))
        assert distance[found.jets > 0].abs().max() < 4
        assert (found.efficiency_low <= found.efficiency_high).all()


def test_vertices_are_named_after_most_of_their_tracks(objects, histograms):
    assert (main_origin(objects) == Origin.BOTTOM).all()
    rows = vertex_composition(histograms).set_index(["flavour", "origin"])["per_100_jets"]
    for flavour, expected in EFFICIENCY.items():
        assert rows[flavour, "bottom"] == pytest.approx(100 * expected, abs=6)
        assert rows[flavour, "primary"] == 0.0


def test_lifetimes_close(histograms):
    rows = lifetimes(histograms)
    for quantity in ("ct_true", "ct_vertex"):
        inclusive = rows[(rows.quantity == quantity) & (rows.hadron == "all")].iloc[0]
        assert abs(inclusive.ctau - inclusive.pdg) < 4 * inclusive.ctau_error
    assert rows[rows.hadron == "B+"].pdg.to_numpy() == pytest.approx(0.4911, abs=1e-4)
    assert min(PDG_CTAU.values()) < inclusive.pdg < max(PDG_CTAU.values())


def test_the_vertex_closest_to_the_primary_one_meets_the_only_hadron_in_the_cone(objects):
    two = objects.vertices[objects.vertices.flavour == "b"].iloc[[0, 0]].assign(dlen=[3.0, 1.0])
    alone = toy_objects(11)
    alone = type(alone)(alone.events, alone.jets, alone.tracks, two.reset_index(drop=True), alone.particles)
    vertex, particle = match(alone, alone.particles)
    assert vertex.tolist() == [1]
    assert alone.particles.event.iloc[particle[0]] == two.event.iloc[0]
    crowded = pd.concat([alone.particles, alone.particles], ignore_index=True)
    assert len(match(alone, crowded)[0]) == 0
    far = alone.particles.assign(phi=2.0)
    assert len(match(alone, far)[0]) == 0


def test_proper_length_undoes_the_boost():
    particle = pd.DataFrame({"pt": [30.0], "eta": [1.0], "mass": [5.0]})
    momentum = 30.0 * np.cosh(1.0)
    assert proper_length(particle, np.array([6.0]))[0] == pytest.approx(6.0 * 5.0 / momentum)


def test_shapes_are_normalised_with_their_overflow(histograms, objects):
    rows = shapes(histograms, ["sv_tracks", "tracks_per_jet"])
    for _, part in rows.groupby(["quantity", "flavour"]):
        assert (part.density * (part.high - part.low)).sum() == pytest.approx(1.0)


def test_an_empty_sample_gives_numbers_that_are_not_there(objects):
    empty = type(objects)(*(table.iloc[:0] for table in vars(objects).values()))
    none = merge_histograms([track_histograms(empty), vertex_histograms(empty), lifetime_histograms(empty)])
    assert none["count"].sum() == 0
    assert pulls(none).width.isna().all()
    assert lifetimes(none).ctau.isna().all()
    assert resolutions(none).resolution.isna().all()
    assert vertex_efficiency(none).efficiency.isna().all()

"""Changes of tracks and jets: nothing changes when nothing is asked for, and all derived numbers follow."""

import awkward as ak
import numpy as np
import pytest

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.generate.tagging import JET_VARIABLES
from robustag.mismodelling.vary import vary_ntuple
from robustag.readers import read_jets


def flat(events, name):
    return ak.to_numpy(ak.flatten(events[name], axis=None)).astype(float)


def test_no_change_gives_the_stored_tagging_variables(events):
    before, after = events["nominal"], events["nothing"]
    # float32 storage can turn a decision of the vertex finder that hangs on a rounding error.
    same = ak.to_numpy((before.nTrack == after.nTrack) & (before.nSV == after.nSV))
    assert same.mean() > 0.995
    before, after = before[same], after[same]
    assert set(before.fields) - set(after.fields) == {f for f in before.fields if "GenPart" in f}
    for name in after.fields:
        np.testing.assert_allclose(flat(after, name), flat(before, name), rtol=2e-3, atol=2e-6, err_msg=name)


def test_varied_ntuples_are_read_like_any_other(ntuples, root):
    table = FeatureTable.load(root / "config/features/jet_flavor.yaml")
    nominal, fakes = (read_jets("generated", ntuples[name], table) for name in ("nominal", "fakes"))
    np.testing.assert_array_equal(nominal.event, fakes.event)
    np.testing.assert_array_equal(nominal.label, fakes.label)


@pytest.mark.parametrize("name", ["resolution", "smeared", "errors", "wave", "fakes", "some_lost"])
def test_significances_are_those_of_the_changed_tracks(events, name):
    varied = events[name]
    for impact, variance in (("D0", "D0D0"), ("Z0", "Z0Z0")):
        significance = np.abs(flat(varied, f"Track_{impact}")) / np.sqrt(flat(varied, f"Track_{variance}"))
        stored = np.abs(flat(varied, f"Track_{impact.lower()}_signed_significance"))
        np.testing.assert_allclose(stored, significance, rtol=1e-5)
    # Tracks of a jet in falling |d0|: the second one's significance is a jet variable.
    jet = flat(varied, "Track_jetIdx") + np.repeat(
        np.cumsum(varied.nJet) - varied.nJet, ak.to_numpy(varied.nTrack)
    )
    d0 = np.abs(flat(varied, "Track_D0"))
    significance = d0 / np.sqrt(flat(varied, "Track_D0D0"))
    second = flat(varied, "Jet_track_2_d0_significance")
    for number in range(0, len(second), 97):
        mine = np.flatnonzero((jet == number) & (d0 < 2.0))
        if len(mine) > 1:
            assert second[number] == pytest.approx(significance[mine[np.argsort(-d0[mine])[1]]], rel=1e-5)


def test_resolution_adds_its_share_of_the_reported_error(events):
    move = _by_track(events, "resolution", "D0") / np.sqrt(_by_track(events, "resolution", "D0D0", False))
    core = move[np.abs(move) < 5]
    assert core.std() == pytest.approx(np.sqrt(1.25**2 - 1), rel=0.03)
    assert core.mean() == pytest.approx(0, abs=0.03)


def test_smearing_follows_the_reported_correlations(events):
    d0, phi = (_by_track(events, "smeared", name) for name in ("D0", "PHI"))
    dd, pp, pd = (_by_track(events, "smeared", name, False) for name in ("D0D0", "PHIPHI", "PHID0"))
    d0, phi = d0 / np.sqrt(dd), phi / np.sqrt(pp)
    assert d0.std() == pytest.approx(0.5, rel=0.05)
    assert phi.std() == pytest.approx(0.5, rel=0.05)
    assert np.mean(d0 * phi) == pytest.approx(0.25 * np.mean(pd / np.sqrt(dd * pp)), rel=0.05)


def _by_track(events, name, branch, difference=True):
    """Change (or nominal value) of a branch of every track, in events that have all of theirs still."""
    same = ak.to_numpy(events["nominal"].nTrack == events[name].nTrack)

    def ordered(part):
        # Smearing of q/p changes the order of a jet's tracks, but no change here touches the covariance.
        event = np.repeat(np.arange(len(part)), ak.to_numpy(part.nTrack))
        order = np.lexsort((flat(part, "Track_D0D0"), flat(part, "Track_jetIdx"), event))
        return flat(part, f"Track_{branch}")[order]

    before = ordered(events["nominal"][same])
    return ordered(events[name][same]) - before if difference else before


def test_a_wave_moves_d0_by_its_phase(events):
    before, after = events["nominal"], events["wave"]
    same = ak.to_numpy(before.nTrack == after.nTrack)
    assert same.mean() > 0.97
    before, after = before[same], after[same]
    jet_phi = ak.to_numpy(ak.flatten(before.Jet_phi[before.Track_jetIdx]))
    phi = jet_phi + flat(before, "Track_PHI")
    move = flat(after, "Track_D0") - flat(before, "Track_D0")
    np.testing.assert_allclose(move, 0.05 * np.cos(2 * phi), atol=2e-4)


def test_reported_errors_scale_covariance_and_significance_alone(events):
    before, after = events["nominal"], events["errors"]
    np.testing.assert_allclose(flat(after, "Track_D0"), flat(before, "Track_D0"), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(flat(after, "Track_PHID0"), 1.44 * flat(before, "Track_PHID0"), rtol=1e-5)
    np.testing.assert_allclose(
        flat(after, "Jet_track_2_d0_significance"),
        flat(before, "Jet_track_2_d0_significance") / 1.2,
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_larger_loss_loses_the_same_tracks_and_more(events):
    tracks = {
        name: set(zip(flat(events[name], "Track_QOVERP"), flat(events[name], "Track_D0D0"), strict=True))
        for name in ("nominal", "some_lost", "more_lost")
    }
    assert tracks["more_lost"] < tracks["some_lost"] < tracks["nominal"]
    assert len(tracks["some_lost"]) / len(tracks["nominal"]) == pytest.approx(0.9, abs=0.015)
    assert (flat(events["some_lost"], "Jet_n_tracks") <= flat(events["nominal"], "Jet_n_tracks")).all()


def test_fakes_come_at_their_rate_and_are_known_as_fakes(events):
    before, after = events["nominal"], events["fakes"]
    added = flat(after, "Jet_n_tracks") - flat(before, "Jet_n_tracks")
    assert (added >= 0).all()
    crowded = flat(before, "Jet_n_tracks") > 0
    assert added[crowded].mean() == pytest.approx(0.4, abs=0.06)
    fakes = flat(after, "Track_origin") == 5
    assert fakes.sum() - (flat(before, "Track_origin") == 5).sum() == added.sum()
    assert np.isnan(flat(after, "Track_true_D0")[fakes]).all()


def test_jet_energies_change_and_nothing_else_of_the_jet(events):
    before = events["nominal"]
    np.testing.assert_allclose(flat(events["scaled"], "Jet_pt"), 1.03 * flat(before, "Jet_pt"), rtol=1e-6)
    ratio = flat(events["blurred"], "Jet_pt") / flat(before, "Jet_pt")
    hard = flat(before, "Jet_pt") > 60
    assert ratio.mean() == pytest.approx(1, abs=0.02)
    assert ratio[hard].std() < ratio[~hard].std() < 0.3
    for name in ("eta", "jet_prob", "track_2_d0_significance"):
        for varied in ("scaled", "blurred"):
            np.testing.assert_allclose(
                flat(events[varied], f"Jet_{name}"), flat(events["nothing"], f"Jet_{name}"), rtol=1e-6
            )


def test_vertices_vanish_in_their_share_of_jets_and_tracks_stay(events):
    before, none, few = (events[name] for name in ("nothing", "no_vertex", "few_vertices"))
    assert ak.sum(none.nSV) == 0
    assert np.isnan(flat(none, "Jet_vertex_mass")).all()
    had, has = (np.isfinite(flat(part, "Jet_vertex_mass")) for part in (before, few))
    assert not (has & ~had).any()
    assert has.sum() / had.sum() == pytest.approx(0.7, abs=0.06)
    np.testing.assert_array_equal(flat(none, "Track_D0"), flat(before, "Track_D0"))
    # A free track's weight is that in the primary vertex.
    assert (flat(none, "Track_weight") <= flat(before, "Track_weight") + 1e-6).mean() > 0.9


def test_smeared_records_agree_with_the_simulated_detector(events):
    """Smearing by the reported errors and a detector with errors 1.25 times as wide are one thing."""
    nominal, records, detector = (events[name] for name in ("nominal", "resolution", "worse"))
    for name in JET_VARIABLES:
        if name.startswith("vertex") or name in ("delta_r_vertex", "jet_width_eta", "jet_width_phi"):
            continue
        values = [flat(part, f"Jet_{name}") for part in (nominal, records, detector)]
        both = np.isfinite(values).all(axis=0)
        start, smeared, simulated = (np.minimum(part[both], 20.0) for part in values)
        error = (smeared - simulated).std() / np.sqrt(both.sum())
        assert abs((smeared - simulated).mean()) < 3.5 * error, name
        if name == "n_tracks_over_d0_threshold":
            assert (smeared - start).mean() > 10 * error


def test_an_unknown_change_leaves_no_file(ntuples, tmp_path):
    with pytest.raises(InputError, match="unknown change 'melt'; use fakes, track_loss"):
        vary_ntuple(ntuples["nominal"], {"x": {"melt": 1}}, {"x": tmp_path / "x.root"}, seed=1)
    assert not list(tmp_path.iterdir())

"""The whole chain on a few hundred events."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from coffea.nanoevents import NanoEventsFactory

from robustag.errors import InputError
from robustag.generate import pythia
from robustag.generate.chunk import generate_chunk
from robustag.generate.minimum_bias import Pool
from robustag.generate.origins import Origin
from robustag.ntuples import read_provenance
from robustag.readers.generated import GeneratedSchema

SAMPLE = {"process": "bb", "pythia": ["PartonLevel:MPI = off"]}
DETECTOR = {
    "tracker": "atlas_run1",
    "tail_fraction": 0.01,
    "tail_scale": 2.5,
    "fakes": 0.5,
    "material": 1.0,
    "core_loss": 0.1,
}


def _generate(
    folder: Path, variations: dict | None = None, **changes: object
) -> tuple[dict, dict[str, Path]]:
    variations = variations or {}
    outputs = {name: folder / f"{name}.root" for name in ("nominal", *variations)}
    arguments = {
        "sample": SAMPLE,
        "detector": DETECTOR,
        "events": 300,
        "seed": 11,
        "run": 2,
        "chunk": 4,
        "variation": "nominal",
    } | changes
    sample, detector = arguments.pop("sample"), arguments.pop("detector")
    report = generate_chunk(
        sample,
        detector,
        variations,
        outputs=outputs,
        progress=arguments.pop("progress", lambda done: None),
        **arguments,
    )
    return report, outputs


def _bytes(path: Path) -> dict[str, bytes]:
    with uproot.open(path) as file:
        arrays = file["Events"].arrays()
    return {name: ak.to_numpy(ak.flatten(arrays[name], axis=None)).tobytes() for name in arrays.fields}


@pytest.fixture(scope="module")
def chunk(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict[str, Path]]:
    variations = {"same": {"d0_resolution": 1.0}, "worse": {"d0_resolution": 1.25}}
    return _generate(tmp_path_factory.mktemp("chunk"), variations)


def test_report_counts_what_was_written(chunk: tuple) -> None:
    report, outputs = chunk
    with uproot.open(outputs["nominal"]) as file:
        arrays = file["Events"].arrays()
    counts = report["counts"]["nominal"]
    flavour = ak.flatten(arrays.Jet_hadronFlavour)
    assert report["events"] == len(arrays) == 300
    assert report["failed"] == 0
    assert {"b": ak.sum(flavour == 5), "light": ak.sum(flavour == 0)} == {
        k: counts[k] for k in ("b", "light")
    }
    assert counts["b"] > 150
    assert counts["tracks"] == ak.sum(arrays.nTrack)
    assert report["seconds"]["pythia"] > 0.0
    assert set(arrays.run.to_list()) == {2}
    assert set(arrays.luminosityBlock.to_list()) == {4}


def test_rerun_and_other_batch_sizes_give_identical_arrays(
    chunk: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = pythia.Generator.batches
    monkeypatch.setattr(pythia.Generator, "batches", lambda self, events: original(self, events, 37))
    _, outputs = _generate(tmp_path)
    assert _bytes(outputs["nominal"]) == _bytes(chunk[1]["nominal"])


def test_another_seed_or_chunk_gives_other_events(chunk: tuple, tmp_path: Path) -> None:
    first = _bytes(chunk[1]["nominal"])["Jet_pt"]
    for changes in ({"seed": 12}, {"chunk": 5}):
        _, outputs = _generate(tmp_path, events=50, **changes)
        assert _bytes(outputs["nominal"])["Jet_pt"] != first[: len(_bytes(outputs["nominal"])["Jet_pt"])]


def test_variations_are_paired(chunk: tuple) -> None:
    nominal, same, worse = (_bytes(chunk[1][name]) for name in ("nominal", "same", "worse"))
    assert nominal == same
    for name in ("event", "Jet_pt", "Jet_hadronFlavour", "GenPart_pt"):
        assert nominal[name] == worse[name]
    for name in ("Track_D0", "Jet_jet_prob"):
        assert nominal[name] != worse[name]


def test_tracks_refer_to_their_jets_and_fall_in_pt(chunk: tuple) -> None:
    with uproot.open(chunk[1]["nominal"]) as file:
        arrays = file["Events"].arrays()
    assert ak.all(arrays.Track_jetIdx < arrays.nJet)
    index, pt = arrays.Track_jetIdx, arrays.Track_pt
    step = index[:, 1:] - index[:, :-1]
    assert ak.all(step >= 0)
    assert ak.all((step > 0) | (pt[:, 1:] <= pt[:, :-1]))
    assert ak.all(np.abs(arrays.Track_D0) < 8.0)
    assert ak.all(arrays.Jet_pt > 20.0)
    assert ak.all(np.abs(arrays.Jet_eta) < 2.5)


def test_no_input_is_constant_and_missing_means_nan(chunk: tuple) -> None:
    with uproot.open(chunk[1]["nominal"]) as file:
        arrays = file["Events"].arrays(filter_name=["Jet_*", "Track_*"])
    for name in arrays.fields:
        values = ak.to_numpy(ak.flatten(arrays[name]))
        finite = np.isfinite(values)
        assert (finite | np.isnan(values)).all(), name
        assert np.ptp(values[finite]) > 0, name


def test_a_chunk_may_hold_no_jets(tmp_path: Path) -> None:
    """Soft events: the file is complete, its collections are empty."""
    sample = SAMPLE | {"pthat_min": 5.0, "pthat_max": 8.0, "bias_power": 0.0}
    report, outputs = _generate(tmp_path, sample=sample, events=3)
    with uproot.open(outputs["nominal"]) as file:
        arrays = file["Events"].arrays()
    assert len(arrays) == 3
    assert report["counts"]["nominal"] == {"b": 0, "c": 0, "light": 0, "tau": 0, "tracks": 0}
    assert ak.sum(arrays.nJet) == ak.sum(arrays.nTrack) == ak.sum(arrays.nSV) == 0
    assert ak.all(arrays.genWeight == 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["virtual", "eager"])
def test_coffea_opens_the_file(chunk: tuple, mode: str) -> None:
    path = {str(chunk[1]["nominal"]): "Events"}
    events = NanoEventsFactory.from_root(path, schemaclass=GeneratedSchema, mode=mode).events()
    jets = events.Jet._apply_global_index(events.Track.jetIdxG)
    assert ak.all(ak.num(jets) == ak.num(events.Track))
    assert ak.all(jets.pt == events.Jet.pt[events.Track.jetIdx])
    assert ak.all(np.abs(events.Track.PHI) < 0.45)
    assert ak.all(events.SV.mass > 0.2)
    assert set(np.abs(ak.flatten(events.GenPart.pdgId))) >= {5, 511}
    assert ak.all(events.PV.ndof >= 0)
    # The mother of a charm hadron from a B is that B, although what lies between them is not kept.
    heavy = events.GenPart[np.abs(events.GenPart.pdgId) == 411]
    assert set(np.abs(ak.to_numpy(ak.flatten(heavy.parent.pdgId)).compressed())) >= {511}
    assert ak.all(events.GenPart.children.genPartIdxMother >= 0, axis=None)


def test_provenance_says_how_the_file_was_made(chunk: tuple) -> None:
    provenance = read_provenance(chunk[1]["worse"])
    assert provenance["sample"] == SAMPLE
    assert provenance["detector"] == DETECTOR | {"d0_resolution": 1.25}
    assert provenance["variation"] == "worse"
    assert (provenance["seed"], provenance["run"], provenance["chunk"]) == (11, 2, 4)
    assert provenance["versions"]["pythia8mc"]
    assert provenance["counts"] == chunk[0]["counts"]["worse"]
    assert provenance["cross_section_pb"] == pytest.approx(chunk[0]["cross_section_pb"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"detector": {"tracker": "cms"}}, "unknown tracker 'cms'"),
        ({"detector": DETECTOR | {"noise": 1}}, "unknown key 'noise'"),
        ({"detector": DETECTOR | {"d0_resolution": -1}}, "d0_resolution must be a number"),
        ({"variations": {"worse": {"fakes": "big"}}}, "fakes must be a number"),
        ({"variations": {"crowded": {"pile_up": 101}}}, "pile_up must be a number from 0 to 100, not 101"),
        ({"detector": DETECTOR | {"pile_up": 5}}, "pile_up needs a pool of minimum-bias collisions"),
        ({"sample": SAMPLE | {"pythia": ["Tune:pp = 99"]}}, "Tune:pp = 99"),
        ({"events": 0}, "at least 1"),
    ],
)
def test_unusable_settings_are_named_and_leave_no_file(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _generate(tmp_path, **changes)
    assert list(tmp_path.iterdir()) == []


def test_outputs_must_match_the_variations(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outputs must name nominal, worse"):
        generate_chunk(
            SAMPLE, DETECTOR, {"worse": {}}, events=1, seed=1, run=1, chunk=1, variation="nominal",
            outputs={"nominal": tmp_path / "a.root"}, progress=lambda done: None,
        )  # fmt: skip


def test_an_interrupted_chunk_leaves_no_file(tmp_path: Path) -> None:
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _generate(tmp_path, {"worse": {"d0_resolution": 1.25}}, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def _flat(chunk: tuple, collection: str) -> dict[str, np.ndarray]:
    """A collection of the nominal file over all events, by name without the collection's."""
    with uproot.open(chunk[1]["nominal"]) as file:
        arrays = file["Events"].arrays(filter_name=f"{collection}_*")
    return {
        name.removeprefix(f"{collection}_"): ak.to_numpy(ak.flatten(arrays[name])) for name in arrays.fields
    }


def test_heavy_hadrons_live_as_long_as_pythia_says(chunk: tuple) -> None:
    """The mean of t / tau is 1 within 4 / sqrt(n): ctau of B0, B+, Bs, Lambda_b, D+, D0, Ds in mm."""
    expected = {511: 0.4587, 521: 0.4911, 531: 0.439, 5122: 0.44, 411: 0.3118, 421: 0.1229, 431: 0.1499}
    part = _flat(chunk, "GenPart")
    kind = np.abs(part["pdgId"])
    known = np.isin(kind, list(expected))
    path = np.stack([part[f"decay_{axis}"] - part[f"v{axis}"] for axis in "xyz"])[:, known].astype(float)
    momentum = (part["pt"] * np.cosh(part["eta"]))[known]
    ctau = np.array([expected[k] for k in kind[known]])
    ratio = np.sqrt((path**2).sum(axis=0)) * part["mass"][known] / momentum / ctau
    assert known.sum() > 800
    assert ratio.mean() == pytest.approx(1.0, abs=4.0 / np.sqrt(known.sum()))
    assert np.median(ratio) == pytest.approx(np.log(2.0), abs=4.0 / np.sqrt(known.sum()))


def test_truth_of_tracks(chunk: tuple) -> None:
    track = _flat(chunk, "Track")
    origin = track["origin"]
    assert set(origin) <= set(Origin)
    fake = origin == Origin.FAKE
    assert fake.any()
    assert np.isnan(track["true_D0"][fake]).all()
    for name in ("D0", "Z0"):
        pull = ((track[name] - track[f"true_{name}"]) / np.sqrt(track[name + name]))[~fake]
        low, high = np.percentile(pull, [15.87, 84.13])
        assert 0.5 * (high - low) == pytest.approx(1.0, abs=0.06)
    # K0S and Lambda decay far from the collision, and still inside the pixels.
    miss = np.abs(track["true_D0"])
    assert np.median(miss[origin == Origin.STRANGE]) > 5.0 * np.median(miss[origin == Origin.BOTTOM])
    assert np.median(miss[origin == Origin.PRIMARY]) < 0.05
    # Tracks of b hadrons miss the collision on the side of the flight.
    positive = track["d0_signed_significance"] > 0.0
    assert positive[origin == Origin.BOTTOM].mean() > 0.6
    assert positive[origin == Origin.PRIMARY].mean() == pytest.approx(0.5, abs=0.06)


def test_signed_significances_fall_with_rank(chunk: tuple) -> None:
    jet = _flat(chunk, "Jet")
    second, third = jet["track_2_d0_signed_significance"], jet["track_3_d0_signed_significance"]
    both = np.isfinite(third)
    assert (second[both] >= third[both]).all()
    assert np.nanmedian(second[jet["hadronFlavour"] == 5]) > 2.0
    assert np.nanmedian(second[jet["hadronFlavour"] == 0]) < 2.0


@pytest.fixture(scope="module")
def piled(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ak.Array]:
    """The collisions of `chunk` alone, and with 5 and 20 others."""
    variations = {"some": {"pile_up": 5.0}, "many": {"pile_up": 20.0}}
    _, outputs = _generate(tmp_path_factory.mktemp("piled"), variations, pool=pool)
    return {name: _read(path) for name, path in outputs.items()}


def _read(path: Path) -> ak.Array:
    with uproot.open(path) as file:
        return file["Events"].arrays()


def test_pile_up_beside_it_leaves_the_nominal_detector_as_it_is(
    chunk: tuple, piled: dict[str, ak.Array]
) -> None:
    nominal = _read(chunk[1]["nominal"])
    assert nominal.fields == piled["nominal"].fields
    for name in nominal.fields:
        both = (ak.to_numpy(ak.flatten(events[name], axis=None)) for events in (nominal, piled["nominal"]))
        assert next(both).tobytes() == next(both).tobytes(), name
    assert set(nominal.Pileup_nPU.to_list()) == {0}
    assert set(nominal.PV_npvs.to_list()) == {1}


def test_pile_up_is_paired_and_larger_means_add(piled: dict[str, ak.Array]) -> None:
    for name in ("event", "genWeight", "GenVtx_z", "GenPart_pt"):
        assert piled["nominal"][name].to_list() == piled["many"][name].to_list()
    some, many = piled["some"], piled["many"]
    assert ak.mean(many.Pileup_nPU) == pytest.approx(20.0, abs=4.0 * np.sqrt(20.0 / 300.0))
    assert set(many.Pileup_nTrueInt.to_list()) == {20.0}
    assert ak.all(many.Pileup_nPU >= some.Pileup_nPU)
    assert ak.all(some.PV_npvs <= some.Pileup_nPU + 2)
    assert 0.4 < ak.mean(many.PV_npvs) / 21.0 < 0.8
    # The jets of this sample are soft, and nothing underlies them: others are often harder.
    right = [np.mean(np.abs(events.PV_z - events.GenVtx_z) < 1.0) for events in (some, many)]
    assert right[0] > 0.75
    assert 0.5 < right[1] < right[0]


@pytest.mark.parametrize("name", ["some", "many"])
def test_calibration_of_jets_stays_with_pile_up(piled: dict[str, ak.Array], name: str) -> None:
    """The mean change of pT of jets that are there without is zero within its error or 1.5 %."""
    before, after = (ak.zip({key: events[f"Jet_{key}"] for key in ("pt", "eta", "phi")}) for events in
                     (piled["nominal"][["Jet_pt", "Jet_eta", "Jet_phi"]], piled[name]))  # fmt: skip
    one, other = ak.unzip(ak.cartesian([before[before.pt > 30.0], after]))
    distance = np.hypot(one.eta - other.eta, (one.phi - other.phi + np.pi) % (2.0 * np.pi) - np.pi)
    change = ak.to_numpy(ak.flatten((other.pt / one.pt)[distance < 0.2])) - 1.0
    assert len(change) > 150
    assert abs(change.mean()) < 0.015 + 2.0 * change.std() / np.sqrt(len(change))


def test_few_tracks_of_pile_up_are_left_in_jets_and_say_so(piled: dict[str, ak.Array]) -> None:
    origin = {name: ak.to_numpy(ak.flatten(events.Track_origin)) for name, events in piled.items()}
    assert (origin["nominal"] != Origin.PILE_UP).all()
    right = np.abs(piled["many"].PV_z - piled["many"].GenVtx_z) < 1.0
    left = ak.to_numpy(ak.flatten(piled["many"].Track_origin[right]))
    assert 0.0 < (left == Origin.PILE_UP).mean() < 0.06


def test_fewer_tracks_stay_paired_in_the_file(tmp_path: Path) -> None:
    """Jets are the same, and every track kept has the impact parameter of its helix unchanged."""
    _, outputs = _generate(tmp_path, {"fewer": {"efficiency": 0.9}}, events=60)
    found = {}
    for name, path in outputs.items():
        with uproot.open(path) as file:
            found[name] = file["Events"].arrays(["event", "Jet_pt", "Track_QOVERP", "Track_PHIPHI"])
    assert found["nominal"].Jet_pt.to_list() == found["fewer"].Jet_pt.to_list()
    for nominal, fewer in zip(found["nominal"], found["fewer"], strict=True):
        assert set(fewer.Track_QOVERP.to_list()) <= set(nominal.Track_QOVERP.to_list())


def test_the_default_tune_by_its_name_changes_nothing(chunk: tuple, tmp_path: Path) -> None:
    """A generator variation has the seeds of nominal: only its settings make a difference."""
    named = {"process": "bb", "pythia": [*SAMPLE["pythia"], "Tune:pp = 14"]}
    report, outputs = _generate(tmp_path, sample=named)
    assert report["counts"]["nominal"] == chunk[0]["counts"]["nominal"]
    assert _bytes(outputs["nominal"]) == _bytes(chunk[1]["nominal"])

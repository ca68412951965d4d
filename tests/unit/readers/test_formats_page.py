"""The examples of docs/formats.md read files as the page describes them."""

import re

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
import yaml
from tests.conftest import ROOT

from robustag.features import FeatureTable
from robustag.workflow.configuration import check_against_schema
from robustag.workflow.definitions import format_faults
from robustag.workflow.places import FEATURES_SCHEMA
from robustag.workflow.sources import reading_of

N = 200
RNG = np.random.default_rng(8)


def example(name):
    """Sample and table of one section of the page."""
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    section = page.split(f"### {name}")[1].split("\n## ")[0]
    sample, table = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)[:2])
    ((_, sample),) = sample["samples"].items()
    check_against_schema(table, FEATURES_SCHEMA, "features")
    assert list(format_faults("samples.mine", sample)) == []
    return reading_of(sample), FeatureTable.from_document(table)


@pytest.fixture
def jets():
    """Kinematics and flavours of N jets, and how many tracks they have."""
    pt, eta = RNG.uniform(10, 300, N).astype(np.float32), RNG.normal(0, 1.5, N).astype(np.float32)
    return pt, eta, RNG.choice([5, 4, 0, 15], N), RNG.integers(0, 9, N)


def selected(jets, scale=1):
    pt, eta, _, _ = jets
    return (pt >= 20) & (eta >= -2.5) & (eta < 2.5) & (pt < {1: 1000, 1000: 250}[scale])


def test_root(tmp_path, jets):
    pt, eta, flavour, ntrk = jets
    in_event = np.full(N // 2, 2)
    own = {"pt": pt, "eta": eta, "hadronFlavour": flavour, "ntrk": ntrk}
    columns = {f"Jet_{name}": ak.unflatten(part, in_event) for name, part in own.items()}
    place = np.repeat(np.arange(N) % 2, ntrk)
    in_tracks = ntrk.reshape(-1, 2).sum(axis=1)
    track_pt, dxy = RNG.permutation(len(place)).astype(np.float32), RNG.normal(size=len(place))
    dxy[::7] = -999.0
    tracks = {"pt": track_pt, "dxy": dxy, "jet": place}
    columns |= {f"Track_{name}": ak.unflatten(part, in_tracks) for name, part in tracks.items()}
    columns |= {"run": np.ones(N // 2, int), "event": np.arange(N // 2), "genWeight": np.full(N // 2, 2.0)}
    with uproot.recreate(tmp_path / "x.root") as file:
        file["Events"], file["Runs"] = columns, {"run": np.ones(1)}
    reading, table = example("A ROOT file")
    found = reading.jets(tmp_path / "x.root", table)
    kept = np.flatnonzero(selected(jets) & (ntrk > 0))
    np.testing.assert_array_equal(found.pt, pt[kept])
    np.testing.assert_array_equal(found.label, [{5: 0, 4: 1, 0: 2}.get(code, -1) for code in flavour[kept]])
    assert (found.weight == 2).all()
    rows = np.repeat(np.arange(N), ntrk)
    for jet, values in zip(kept, found.values, strict=True):
        order = np.argsort(-track_pt[rows == jet])[:6]
        wanted = np.where(dxy[rows == jet] == -999, np.nan, dxy[rows == jet])[order].astype(np.float32)
        np.testing.assert_array_equal(values[8 : 8 + len(order)], wanted)
        assert np.isnan(values[8 + len(order) :]).all()


def test_hdf5(tmp_path, jets):
    pt, eta, flavour, ntrk = jets
    mass = np.where(RNG.random(N) < 0.5, -1.0, 1500.0)
    own = {
        "pt_btagJes": pt * 1000,
        "eta_btagJes": eta,
        "mcChannelNumber": np.ones(N, int),
        "eventNumber": np.arange(N),
        "mcEventWeight": np.full(N, 0.5),
        "HadronConeExclTruthLabelID": flavour,
        "SV1_masssvx": mass,
    }
    tracks = np.zeros(
        (N, 40), [("d0", "f4"), ("d0Variance", "f4"), ("numberOfPixelHits", "u1"), ("valid", "?")]
    )
    tracks["valid"] = np.arange(40) < ntrk[:, None]
    tracks["d0"], tracks["d0Variance"] = RNG.normal(size=(N, 40)), RNG.uniform(1, 4, (N, 40))
    tracks["numberOfPixelHits"] = RNG.integers(0, 5, (N, 40))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["jets"], file["tracks"] = np.rec.fromarrays(list(own.values()), names=list(own)), tracks
    reading, table = example("HDF5, as ATLAS writes it")
    found = reading.jets(tmp_path / "x.h5", table)
    kept = selected(jets, 1000)
    np.testing.assert_array_equal(found.pt, pt[kept] * 1000)
    np.testing.assert_array_equal(np.isnan(found.values[:, 1]), mass[kept] == -1)
    significance = np.where(tracks["valid"], tracks["d0"] / np.sqrt(tracks["d0Variance"]), -np.inf)[kept]
    first = np.argmax(significance, axis=1)
    wanted = np.where(ntrk[kept] > 0, tracks["d0"][kept][np.arange(kept.sum()), first], np.nan)
    np.testing.assert_array_equal(found.values[:, 2], wanted)
    np.testing.assert_array_equal((~np.isnan(found.values[:, 10:])).sum(axis=1), np.minimum(ntrk[kept], 8))


def test_parquet(tmp_path, jets):
    pt, eta, flavour, number = jets
    flags = {"isB": flavour == 5, "isC": flavour == 4, "isUDS": (flavour == 0) & (pt > 100)}
    flags["isG"] = (flavour == 0) & ~flags["isUDS"]
    d0 = np.where(np.arange(3) < number[:, None], RNG.normal(size=(N, 3)), -99.0)
    lists = [RNG.random(count).tolist() for count in number]
    columns = {
        "jet_pt": pt,
        "jet_eta": eta,
        "jet_mass": pt / 10,
        "cand_pt": lists,
        "cand_deltaR": lists,
        **flags,
    }
    columns |= {f"trk{place}_d0": d0[:, place] for place in range(3)}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    reading, table = example("A parquet file")
    found = reading.jets(tmp_path / "x.parquet", table)
    assert table.size == 1 + 3 + 2 * 5
    np.testing.assert_array_equal(found.label, [{5: 0, 4: 1, 0: 2}.get(code, -1) for code in flavour])
    np.testing.assert_array_equal(found.values[:, 1:4], np.where(d0 == -99, np.nan, d0).astype(np.float32))
    np.testing.assert_array_equal((~np.isnan(found.values[:, 4:9])).sum(axis=1), np.minimum(number, 5))
    assert len(set(found.event)) == N

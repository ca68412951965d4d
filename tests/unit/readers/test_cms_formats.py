"""CMS files: PFNano with inputs of DeepCSV and of DeepJet, NanoAOD of several versions, and their tables."""

import logging
import math
import os
from functools import cache
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from tests.checkout import ROOT

from robustag.cli import read_configuration
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.readers import event_key, read_jets
from robustag.readers.nanoaod import count
from robustag.workflow.checking import check_configuration
from robustag.workflow.sources import formats

PFNANO = "pfnano_qcd_10ev.root"
NANO = {"v5": "nanoaodv5_ttbar_1000ev.root", "v12": "nanoaodv12_ttbar_200ev.root"}


@cache
def feature_table(name):
    return FeatureTable.load(ROOT / f"config/features/{name}.yaml")


def without_vertices(table):
    """The same table of a file without a list of vertices."""
    blocks = [block for block in table.document["blocks"] if block["name"] != "vertex"]
    return FeatureTable.from_document(table.document | {"blocks": blocks})


@pytest.fixture(scope="module")
def real():
    folder = os.environ.get("ROBUSTAG_REAL_DATA")
    if folder is None:
        pytest.skip("ROBUSTAG_REAL_DATA names no folder of real jets")
    return Path(folder)


def branches(path, *patterns):
    """Branches of a file, read by uproot alone."""
    with uproot.open(path) as file:
        return file["Events"].arrays(filter_name=list(patterns), how=dict)


def per_jet(branch):
    return ak.to_numpy(ak.flatten(branch))


def usable(jets):
    return jets.select((jets.pt > 20) & (np.abs(jets.eta) < 2.5))


# ---- DeepCSV in PFNano -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deepcsv(real):
    """(table, jets, branches [N] by the names of the table's inputs)."""
    table = feature_table("pfnano")
    stored = branches(real / PFNANO, "Jet_DeepCSV_*", "Jet_pt", "Jet_eta")
    columns = {
        each.name: per_jet(stored[each.variable.branch.replace("{place}", str(each.place))])
        for each in table.inputs
    }
    return table, read_jets("pfnano", real / PFNANO, table), columns


def test_the_table_of_pfnano_has_all_inputs_of_deepcsv(deepcsv, real):
    table, jets, columns = deepcsv
    branch = {each.variable.branch.replace("{place}", str(each.place)) for each in table.inputs}
    assert branch == {"Jet_pt", "Jet_eta", *branches(real / PFNANO, "Jet_DeepCSV_*")}
    assert table.size == len(columns) == 67
    assert np.bincount(usable(jets).label, minlength=3).tolist() == [0, 3, 39]


def test_places_without_a_track_are_missing_whatever_they_hold(deepcsv):
    table, jets, columns = deepcsv
    plausible = 0
    for block in table.element_blocks:
        counter = {"track": "jetNSelectedTracks", "vertex_track": "jetNTracksEtaRel"}[block.name]
        for row in block.columns:
            for place, column in enumerate(row):
                stored, exists = columns[table.names[column]], columns[counter] > place
                np.testing.assert_array_equal(np.isnan(jets.values[:, column]), ~exists)
                np.testing.assert_array_equal(jets.values[exists, column], stored[exists])
                plausible += (np.abs(stored[~exists]) < 10).sum()
    # Values that no rule but that of the counter could tell.
    assert plausible > 100
    assert np.nanmax(np.abs(jets.values)) == columns["pt"].max() < 2000


def test_variables_of_the_vertex_exist_where_its_category_says(deepcsv):
    table, jets, columns = deepcsv
    category = columns["vertexCategory"]
    found = dict(zip(table.names, ~np.isnan(jets.values.T), strict=True))
    assert set(category) == {-999, 0, 1, 2}  # none, reconstructed, pseudo, tag info alone
    for name in ("vertexMass", "vertexEnergyRatio", "vertexJetDeltaR", "vertexNTracks", "jetNTracksEtaRel"):
        np.testing.assert_array_equal(found[name], (category == 0) | (category == 1))
    for name in ("flightDistance2dVal", "flightDistance3dSig", "jetNSecondaryVertices"):
        np.testing.assert_array_equal(found[name], category == 0)
    for name in ("vertexCategory", "trackJetPt", "trackSumJetDeltaR"):
        np.testing.assert_array_equal(found[name], category != -999)
    for name in (f"trackSip{d}d{kind}AboveCharm" for d in "23" for kind in ("Val", "Sig")):
        np.testing.assert_array_equal(found[name], ~np.isin(columns[name], (-999, -1)))
        assert not found[name][columns["jetNSelectedTracks"] == 0].any()


def test_wild_numbers_are_counted_in_the_log(real, deepcsv, caplog):
    table, _, columns = deepcsv
    wild = sum(int((np.isfinite(column) & (np.abs(column) > 1e12)).sum()) for column in columns.values())
    with caplog.at_level(logging.INFO):
        read_jets("pfnano", real / PFNANO, table)
    assert wild > 50
    assert f"{wild} numbers beyond 1e+12 are missing entries" in caplog.text


# ---- DeepJet ---------------------------------------------------------------------------------------------


def deepjet_slowly(columns, event, jet):
    """Inputs of one jet, by their names, from candidates and vertices; loops and the formulas of CMSSW."""

    def of(branch, place):
        return float(columns[branch][event][place])

    def bound(value, low, high):
        return min(max(value, low), high)

    pt, eta, phi = (of(f"Jet_{name}", jet) for name in ("pt", "eta", "phi"))
    charged, neutral = [], []
    for link, of_jet in enumerate(columns["JetPFCands_jetIdx"][event]):
        place = columns["JetPFCands_pFCandsIdx"][event][link]
        p = {
            name: of(f"PFCands_{name}", place)
            for name in (
                *("pt", "eta", "phi", "charge", "pdgId", "d0", "d0Err", "trkChi2", "trkQuality"),
                *("pvAssocQuality", "puppiWeight"),
            )
        }
        if of_jet != jet or p["pt"] < 0.95:
            continue
        dphi = math.remainder(p["phi"] - phi, 2 * math.pi)
        distance, share = math.hypot(p["eta"] - eta, dphi), bound(p["pt"] / pt - 1, -1, 0)
        if p["charge"] == 0:
            photon = float(abs(p["pdgId"]) == 22)
            values = {"puppiw": p["puppiWeight"], "deltaR": bound(distance - 0.6, -0.6, 0)}
            neutral.append((p["pt"], values | {"ptrel": share, "isGamma": photon}))
            continue
        tag = {
            name: of(f"JetPFCands_btag{name}", link)
            for name in ("EtaRel", "PtRatio", "PParRatio", "Sip3dVal", "Sip3dSig", "JetDistVal")
        }
        momentum = math.sqrt(p["pt"] ** 2 + (p["pt"] * math.sinh(p["eta"])) ** 2)
        # Of the closest point, d0 (-sin phi, cos phi), along the jet.
        along = p["d0"] * math.sin(phi - p["phi"])
        sip = abs(p["d0"]) if along >= 0 else -abs(p["d0"])
        significance = sip / p["d0Err"]
        values = {
            "puppiw": p["puppiWeight"],
            "VTX_ass": p["pvAssocQuality"],
            "ptrel": share,
            "chi2": p["trkChi2"],
            "quality": p["trkQuality"],
            "BtagPf_trackEtaRel": bound(tag["EtaRel"], -5, 15),
            "BtagPf_trackPtRel": bound(tag["PtRatio"] * momentum, -1, 4),
            "BtagPf_trackPPar": tag["PParRatio"] * momentum,
            "BtagPf_trackDeltaR": distance,
            "BtagPf_trackPParRatio": tag["PParRatio"],
            "BtagPf_trackSip3dVal": bound(tag["Sip3dVal"], -1, 1e5),
            "BtagPf_trackSip3dSig": bound(tag["Sip3dSig"], -1, 4e4),
            "BtagPf_trackSip2dVal": bound(sip, -1, 70),
            "BtagPf_trackSip2dSig": bound(significance, -1, 4e4),
            "BtagPf_trackJetDistVal": bound(tag["JetDistVal"], -20, 1),
        }
        charged.append((significance, values))
    vertices = []
    for place, of_jet in enumerate(columns["JetSVs_jetIdx"][event]):
        if of_jet == jet:
            names = {"enratio": "enration"} | {
                name: name
                for name in (
                    *("mass", "pt", "ntracks", "chi2", "normchi2", "dxy", "dxysig", "d3d", "d3dsig"),
                    *("costhetasvpv", "deltaR"),
                )
            }
            values = {name: of(f"JetSVs_{branch}", place) for name, branch in names.items()}
            vertices.append((values["dxysig"], values))
    found = {"pt": pt, "eta": eta, "npv": float(columns["PV_npvs"][event])}
    found |= {"nCpfcand": len(charged), "nNpfcand": len(neutral), "nsv": len(vertices)}
    for block, elements in (("charged", charged), ("neutral", neutral), ("vertex", vertices)):
        for place, (_, values) in enumerate(sorted(elements, key=lambda pair: -pair[0])):
            found |= {f"{block}_{place}_{name}": value for name, value in values.items()}
    return found


@pytest.fixture(scope="module")
def deepjet(real):
    """(table, jets made of candidates)."""
    table = feature_table("pfnano_deepjet")
    return table, read_jets("pfnano_deepjet", real / PFNANO, table)


def test_inputs_of_deepjet_are_made_of_candidates_and_vertices(real, deepjet):
    table, jets = deepjet
    columns = branches(real / PFNANO, "Jet_*", "JetPFCands_*", "PFCands_*", "JetSVs_*", "PV_npvs")
    columns = {name: column.to_list() for name, column in columns.items()}
    expected = [
        deepjet_slowly(columns, event, jet)
        for event, pts in enumerate(columns["Jet_pt"])
        for jet in range(len(pts))
    ]
    assert len(expected) == len(jets) == 64
    wanted = np.array([[jet.get(name, np.nan) for name in table.names] for jet in expected])
    assert (~np.isnan(wanted)).sum() > 10_000
    np.testing.assert_allclose(jets.values, wanted, rtol=2e-5, atol=1e-6)
    # Three places are not enough for the jet with most of each.
    assert max(jet["nCpfcand"] for jet in expected) > 25
    assert max(jet["nsv"] for jet in expected) > 4


def test_made_significances_are_those_that_deepcsv_found(deepcsv, deepjet):
    """Up to the error of the primary vertex; DeepCSV has tracks beside the jet's own candidates, too."""
    found = []
    for (table, jets, *_), block, variable in (
        (deepcsv, "track", "Sip2dSig"),
        (deepjet, "charged", "BtagPf_trackSip2dSig"),
    ):
        names = [variable.name for variable in table.element_block(block).variables]
        columns = table.element_block(block).columns[names.index(variable)]
        found.append(usable(jets).values[:, columns])
    stored, made = found
    kept = stored > -0.9  # DeepJet cuts at -1
    nearest = np.nan_to_num(np.abs(stored[:, :, None] - made[:, None]), nan=np.inf).min(axis=2)
    close = nearest[kept] < 0.02 + 0.05 * np.abs(stored[kept])
    assert kept.sum() > 150
    assert close.mean() > 0.8  # with the signs turned round 0.2


# ---- files made here -------------------------------------------------------------------------------------


def write(path, collections, **events):
    """A tree `Events` of events with these collections, each a mapping of fields to lists of each event."""
    (number,) = {len(column) for fields in collections.values() for column in fields.values()}
    arrays = {
        "run": np.ones(number, np.uint32),
        "luminosityBlock": np.full(number, 7, np.uint32),
        "event": 2**40 + np.arange(number, dtype=np.uint64),
        **{name: np.asarray(column) for name, column in events.items()},
        **{name: ak.zip(dict(fields)) for name, fields in collections.items()},
    }
    types = {
        name: column.type.content if isinstance(column, ak.Array) else column.dtype
        for name, column in arrays.items()
    }
    with uproot.recreate(path) as file:
        file.mktree("Events", types).extend(arrays)
    return path


def lists(kind, *events):
    return ak.values_astype(ak.Array(list(events)), kind)


def floats(*events):
    return lists(np.float32, *events)


def columns_like(jets, table):
    """Numbers for all of a table's branches of jets, in the lists of an array of jets."""
    size = len(per_jet(jets))
    values = np.random.default_rng(5).uniform(0.1, 0.9, (table.size, size)).astype(np.float32)
    return {
        each.variable.branch.replace("{place}", str(each.place)).removeprefix("Jet_"): ak.unflatten(
            row, ak.num(jets)
        )
        for each, row in zip(table.inputs, values, strict=True)
        if each.variable.branch.startswith("Jet_")
    }


JETS = floats([50.0, 30.0], [], [25.0], [60.0, 40.0, 20.0])
NUMBERS = {
    "v2": {"flavour": np.int32, "count": np.int32},
    "v12": {"flavour": np.uint8, "count": np.uint8},
}


def nano_like(path, version, table, *, listed=False, leave_out=(), **events):
    """Four events, one without jets, with the types of a version; listed: jets list their vertices."""
    kinds = NUMBERS[version]
    jet = columns_like(JETS, table) | {
        "pt": JETS,
        "eta": floats([0.0, 1.0], [], [-2.0], [0.0, 1.5, -1.5]),
        "phi": floats([3.1, 0.0], [], [-3.1], [0.0, 0.0, 0.0]),
        "hadronFlavour": lists(kinds["flavour"], [5, 0], [], [4], [0, 5, 0]),
        "nConstituents": lists(kinds["count"], [12, 200], [], [3], [1, 2, 3]),
    }
    if listed:  # otherwise than by distance
        jet |= {
            "svIdx1": lists(np.int16, [1, 3], [], [-1], [-1, -1, 0]),
            "svIdx2": lists(np.int16, [-1, 0], [], [-1], [-1, -1, -1]),
        }
    vertex = {
        "eta": floats([0.1, 1.0, 0.3, 3.0], [0.0], [], [0.2]),
        "phi": floats([-3.1, 0.2, 2.9, 0.0], [0.0], [], [0.39]),
        "mass": floats([1.0, 2.0, 3.0, 4.0], [5.0], [], [6.0]),
        "dlenSig": floats([5.0, 9.0, 20.0, 8.0], [5.0], [], [4.0]),
        "pAngle": floats([1.0, np.nan, 3.0, 2.0], [1.0], [], [2.0]),
        **{name: floats([1.0] * 4, [1.0], [], [1.0]) for name in ("pt", "dlen", "ndof")},
    }
    kept = {name: column for name, column in jet.items() if name not in leave_out}
    return write(path, {"Jet": kept, "SV": vertex}, **events)


@pytest.mark.parametrize("version", NUMBERS)
def test_jets_of_nanoaod_of_any_version(tmp_path, version):
    table = feature_table("nanoaod")
    path = nano_like(tmp_path / "a.root", version, table, genWeight=np.array([1, -2, 3, 4], np.float32))
    assert count(path) == (4, 6)
    jets = read_jets("nanoaod", path, table)
    assert jets.label.tolist() == [0, 2, 1, 2, 0, 2]
    assert jets.pt.tolist() == [50, 30, 25, 60, 40, 20]
    assert jets.weight.tolist() == [1, 1, 3, 4, 4, 4]
    assert jets.index.tolist() == [0, 1, 0, 0, 1, 2]
    number = np.array([0, 0, 2, 3, 3, 3])
    expected = event_key(np.ones(6, np.uint32), np.full(6, 7, np.uint32), 2**40 + number.astype(np.uint64))
    np.testing.assert_array_equal(jets.event, expected)
    assert jets.values[:, table.index("nConstituents")].tolist() == [12, 200, 3, 1, 2, 3]
    part = read_jets("nanoaod", path, table, (1, 3))
    np.testing.assert_array_equal(part.values, jets.values[2:3])


@pytest.mark.parametrize(
    ("listed", "masses"),
    [
        # By distance, the first across phi = pi; the third vertex has the larger significance.
        (False, [[3, 1], [2, None], [None, None], [None, None], [None, None], [None, None]]),
        (True, [[2, None], [4, 1], [None, None], [None, None], [None, None], [6, None]]),
    ],
)
def test_vertices_of_a_jet_are_those_that_it_lists_or_those_near_it(tmp_path, listed, masses):
    table = feature_table("nanoaod")
    jets = read_jets("nanoaod", nano_like(tmp_path / "a.root", "v12", table, listed=listed), table)
    found = jets.values[:, [table.index(f"vertex_{place}_mass") for place in range(2)]]
    np.testing.assert_array_equal(found, np.array(masses, float))
    angle = jets.values[:, table.index("vertex_0_pAngle")]
    assert np.isnan(angle[found[:, 0] == 2]).all()  # of a vertex that is there


def test_data_have_neither_flavours_nor_weights(tmp_path):
    table = feature_table("nanoaod")
    path = nano_like(tmp_path / "a.root", "v12", table, leave_out=["hadronFlavour"])
    jets = read_jets("nanoaod", path, table)
    assert (jets.label == -1).all()
    assert (jets.weight == 1).all()
    assert len(jets) == 6


@pytest.mark.slow
def test_stored_inputs_of_deepjet_are_read_without_their_padding(tmp_path):
    table = feature_table("pfnano_deepjet")
    jet = columns_like(JETS, table)
    counters = {"nCpfcand": [3, 0, 25, 1, 30, 2], "nNpfcand": [0, 1, 2, 3, 4, 26], "nsv": [0, 1, 4, 6, 0, 2]}
    blocks = {"Cpfcan": "nCpfcand", "Npfcan": "nNpfcand", "sv": "nsv"}
    expected, zeros = {}, ("deltaR", "BtagPf_trackSip2dVal", "ptrel")
    for each in table.inputs:
        name = each.variable.branch.replace("{place}", str(each.place)).removeprefix("Jet_")
        stored = per_jet(jet[name]).copy()
        exists = np.ones(6, bool)
        if each.place is not None:
            exists = np.array(counters[blocks[name.split("_")[1]]]) > each.place
            if each.variable.name in zeros and each.place == 0:
                stored[:] = 0
            stored[~exists] = 0
        if each.variable.name in counters:
            stored[:] = counters[each.variable.name]
        jet[name] = ak.unflatten(stored, ak.num(JETS))
        tracked = "Sip2dVal" not in each.variable.name or stored != 0
        expected[each.name] = np.where(exists & tracked, stored, np.nan)
    path = write(
        tmp_path / "a.root", {"Jet": jet | {"hadronFlavour": lists(np.int32, [5, 0], [], [4], [0, 5, 0])}}
    )
    jets = read_jets("pfnano_deepjet", path, table)
    np.testing.assert_array_equal(jets.values, np.stack([expected[name] for name in table.names], axis=1))
    assert (jets.values == 0).any()


CANDIDATES = {
    "pt": floats([9.0, 1.0, 0.5, 20.0], [], [3.0]),
    "eta": floats([0.1, 0.9, 0.0, 1.1], [], [-2.1]),
    "phi": floats([-3.1, 0.1, 3.0, -0.1], [], [3.1]),
    "charge": lists(np.int32, [1, 0, -1, -1], [], [1]),
    "pdgId": lists(np.int32, [211, 22, -211, -11], [], [211]),
    "d0": floats([0.01, -1.0, 0.1, -0.02], [], [-1.0]),
    "d0Err": floats([0.002, -1.0, 0.01, 0.001], [], [-1.0]),
    "trkChi2": floats([1.0, -1.0, 2.0, 3.0], [], [-1.0]),
    "trkQuality": lists(np.int32, [5, 0, 5, 5], [], [0]),
    "pvAssocQuality": lists(np.int32, [7, 7, 7, 6], [], [7]),
    "puppiWeight": floats([1.0, 0.5, 0.2, 0.9], [], [1.0]),
}


def candidates_like(path, layout, *, jet=None, leave_out=()):
    """Two jets of three candidates and a vertex, none, and one of a candidate without a track."""
    kinematics = {
        "pt": floats([50.0, 30.0], [], [25.0]),
        "eta": floats([0.0, 1.0], [], [-2.0]),
        "phi": floats([3.1, 0.0], [], [-3.1]),
        "hadronFlavour": lists(np.int32, [5, 0], [], [4]),
    }
    tags = ("EtaRel", "PtRatio", "PParRatio", "Sip3dVal", "Sip3dSig", "JetDistVal")
    order = ak.Array([[2, 0, 1, 3], [], [0]])
    in_jet = {f"btag{name}": floats([0.1, 0.2, 0.0, 0.3], [], [0.0]) for name in tags}
    in_jet |= {"jetIdx": lists(np.int32, *(jet or ([0, 0, 1, 1], [], [0])))}
    listed = {"JetPFCands": in_jet | {"pFCandsIdx": ak.values_astype(order, np.int32)}, "PFCands": CANDIDATES}
    direct = {"JetPFCands": in_jet | {name: column[order] for name, column in CANDIDATES.items()}}
    vertex = ("mass", "pt", "ntracks", "chi2", "normchi2", "dxy", "dxysig", "d3d", "d3dsig", "costhetasvpv")
    vertices = {name: floats([0.5], [], []) for name in (*vertex, "deltaR", "enration")}
    vertices |= {"jetIdx": lists(np.int32, [1], [], [])}
    collections = {"Jet": kinematics, "JetSVs": vertices} | {"listed": listed, "direct": direct}[layout]
    return write(
        path,
        {name: fields for name, fields in collections.items() if name not in leave_out},
        PV_npvs=np.array([20, 21, 22], np.int32),
    )


def test_candidates_may_stand_with_their_jets_as_in_2017(tmp_path):
    table = feature_table("pfnano_deepjet")
    found = [
        read_jets("pfnano_deepjet", candidates_like(tmp_path / f"{layout}.root", layout), table).values
        for layout in ("listed", "direct")
    ]
    np.testing.assert_array_equal(*found)
    jets = dict(zip(table.names, found[0].T, strict=True))
    # One of 0.5 GeV counts for nothing.
    assert jets["nCpfcand"].tolist() == [1, 1, 1]
    assert jets["nNpfcand"].tolist() == [0, 1, 0]
    assert jets["nsv"].tolist() == [0, 1, 0]
    assert jets["npv"].tolist() == [20, 20, 22]
    assert len(read_jets("pfnano_deepjet", tmp_path / "listed.root", table, (1, 2))) == 0
    # The first lies across phi = pi from its jet's axis; the last has no track.
    np.testing.assert_allclose(jets["charged_0_BtagPf_trackSip2dSig"], [-1, -1, np.nan])
    np.testing.assert_allclose(
        jets["charged_0_BtagPf_trackDeltaR"][0], np.hypot(0.1, 2 * np.pi - 6.2), rtol=1e-5
    )
    np.testing.assert_allclose(jets["charged_0_ptrel"], [9 / 50 - 1, 20 / 30 - 1, 3 / 25 - 1], rtol=1e-6)
    np.testing.assert_allclose(jets["neutral_0_isGamma"], [np.nan, 1, np.nan])


def test_what_deepjet_cannot_be_made_of_is_said_in_one_line(tmp_path):
    table = feature_table("pfnano_deepjet")
    bare = candidates_like(tmp_path / "bare.root", "listed", leave_out=("PFCands", "JetPFCands"))
    with pytest.raises(
        InputError, match=r"bare.root has no Jet_DeepJet_\*, and lacks JetPFCands_jetIdx"
    ) as fault:
        read_jets("pfnano_deepjet", bare, table)
    assert "\n" not in str(fault.value)
    wrong = candidates_like(tmp_path / "wrong.root", "listed", jet=([0, 0, 1, 2], [], [0]))
    with pytest.raises(InputError, match="JetPFCands_jetIdx names an object that Jet_pt does not have"):
        read_jets("pfnano_deepjet", wrong, table)


# ---- presets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("presets", "name", "size"),
    [
        (["cms"], "pfnano", 67),
        (["cms", "cms_deepjet"], "pfnano_deepjet", 529),
        (["nanoaod"], "nanoaod", 24),
    ],
)
def test_presets_fit_their_tables(monkeypatch, presets, name, size):
    monkeypatch.chdir(ROOT)
    config = read_configuration([ROOT / f"config/{each}.yaml" for each in ("config", *presets)])
    table, _ = check_configuration(config)
    assert (table.data_set, table.size) == (name, size)
    (sample,) = config["run"]["samples"]
    assert config["samples"][sample]["format"] in formats()
    # Nothing of another table's is left; what the claims and figures show is there.
    assert set(config["evaluation"]["inputs"]) <= set(table.names)
    assert {"fgsm", "noise", "pgd", "transfer"} <= set(config["run"]["attacks"])
    assert table.own("pt") == "pt"
    assert table.uncertain.any()


# ---- NanoAOD of a real detector --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "table", "flavours"),
    [
        ("v5", feature_table("nanoaod"), [1676, 700, 3335]),
        ("v12", without_vertices(feature_table("nanoaod")), [397, 137, 623]),
        ("v12", feature_table("nanoaod_taggers"), [397, 137, 623]),
    ],
)
def test_usable_jets_of_real_files(real, version, table, flavours):
    jets = usable(read_jets("nanoaod", real / NANO[version], table))
    assert np.bincount(jets.label).tolist() == flavours
    with np.errstate(invalid="ignore"):
        assert not ((jets.values < table.lower) | (jets.values > table.upper)).any()
    assert (~np.isnan(jets.values)).any(axis=0).all()


def test_scores_that_were_not_evaluated_are_missing(real):
    table = feature_table("nanoaod_taggers")
    jets = read_jets("nanoaod", real / NANO["v12"], table)
    stored = {name: per_jet(column) for name, column in branches(real / NANO["v12"], "Jet_btag*").items()}
    for name in table.names[2:]:
        scores = stored[f"Jet_{name}"]
        np.testing.assert_array_equal(np.isnan(jets.values[:, table.index(name)]), scores < 0)
    assert (stored["Jet_btagRobustParTAK4B"] < -1).any()


def test_vertices_near_jets_of_a_real_file(real):
    """Loops over events, jets and vertices."""
    table = feature_table("nanoaod")
    jets = read_jets("nanoaod", real / NANO["v5"], table, (0, 150))
    columns = branches(real / NANO["v5"], "Jet_eta", "Jet_phi", "SV_*")
    columns = {name: column[:150].to_list() for name, column in columns.items()}
    expected = []
    for event in range(150):
        axes = list(zip(columns["Jet_eta"][event], columns["Jet_phi"][event], strict=True))
        of_jet = [[] for _ in axes]
        for vertex, (eta, phi) in enumerate(
            zip(columns["SV_eta"][event], columns["SV_phi"][event], strict=True)
        ):
            distances = [math.hypot(eta - a, math.remainder(phi - b, 2 * math.pi)) for a, b in axes]
            if distances and min(distances) < 0.4:
                of_jet[distances.index(min(distances))].append(vertex)
        for vertices in of_jet:
            vertices.sort(key=lambda vertex: -columns["SV_dlenSig"][event][vertex])
            expected.append(
                [
                    columns[f"SV_{variable.name}"][event][vertices[place]]
                    if place < len(vertices)
                    else np.nan
                    for variable in table.element_block("vertex").variables
                    for place in range(2)
                ]
            )
    found = jets.values[:, table.element_block("vertex").columns.ravel()]
    np.testing.assert_array_equal(found, np.array(expected, np.float32))
    assert (~np.isnan(found)).sum() > 1000

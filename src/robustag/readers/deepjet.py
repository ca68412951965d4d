"""Inputs of DeepJet made of PFNano's candidates and vertices, for files without branches `Jet_DeepJet_*`.

They are made as in CMSSW (RecoBTag/FeatureTools), with its offsets and bounds: of candidates above 0.95 GeV,
charged ones by descending significance of the signed transverse impact parameter; of vertices in the order of
the file, which is that of their significance. Three things differ:

* the transverse impact parameter has the size of d0, its sign is that of d0 along the jet, and its error is
  that of d0, without the one of the primary vertex;
* neutral candidates come by pT, where CMSSW puts those near a vertex first;
* there is no drminsv and no HadFrac: files do not have all vertices, and no energies in calorimeters.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import awkward as ak
import numpy as np

from robustag.errors import InputError
from robustag.generate.helix import wrap_phi
from robustag.readers.containers import Container
from robustag.readers.elements import leading

PREFIX = "Jet_DeepJet_"
_PLACES = {"Cpfcan": 25, "Npfcan": 25, "sv": 4}
_COUNTERS = {"Cpfcan": "nCpfcand", "Npfcan": "nNpfcand", "sv": "nsv"}
_LOWEST_PT = 0.95
_PHOTON = 22

# Branches that it takes, without their collections.
_OF_JET = ("pt", "eta", "phi")
_OF_CANDIDATE = (
    *("pt", "eta", "phi", "charge", "pdgId", "d0", "d0Err", "trkChi2", "trkQuality", "pvAssocQuality"),
    "puppiWeight",
)
_IN_JET = ("EtaRel", "PtRatio", "PParRatio", "Sip3dVal", "Sip3dSig", "JetDistVal")
_OF_VERTEX = {
    name: "enration" if name == "enratio" else name  # as files spell it
    for name in (
        *("mass", "pt", "ntracks", "chi2", "normchi2", "dxy", "dxysig", "d3d", "d3dsig", "costhetasvpv"),
        *("deltaR", "enratio"),
    )
}
# What is not a number is 0 there, hence missing; the rest is bounded.
_BOUNDS = {
    "EtaRel": (-5, 15),
    "PtRel": (-1, 4),
    "PPar": (-1e5, 1e5),
    "DeltaR": (-5, 5),
    "PParRatio": (-10, 100),
    "Sip3dVal": (-1, 1e5),
    "Sip3dSig": (-1, 4e4),
    "Sip2dVal": (-1, 70),
    "Sip2dSig": (-1, 4e4),
    "JetDistVal": (-20, 1),
}
_VARIABLES = {
    "Cpfcan": ("puppiw", "VTX_ass", "ptrel", "chi2", "quality", *(f"BtagPf_track{name}" for name in _BOUNDS)),
    "Npfcan": ("puppiw", "deltaR", "ptrel", "isGamma"),
    "sv": tuple(_OF_VERTEX),
}


class WithDeepJet:
    """The branches of a file, and `Jet_DeepJet_*` made of them: a `Container`.

    Parameters
    ----------
    container : Container
        Of PFNano's branches. In files of 2017 those of a candidate are `JetPFCands_*`, later `PFCands_*`.
    path : path
        Of the file, for complaints.

    Raises
    ------
    InputError
        If it lacks a branch that they are made of.
    """

    def __init__(self, container: Container, path: str | Path) -> None:
        self._container, self._path = container, path
        self.entries, self.kind = container.entries, container.kind
        self._listed = "PFCands_pt" in container.names
        self._candidate = "PFCands" if self._listed else "JetPFCands"
        self._needed = [
            *(f"Jet_{name}" for name in _OF_JET),
            *("PV_npvs", "JetPFCands_jetIdx", "JetSVs_jetIdx"),
            *(["JetPFCands_pFCandsIdx"] if self._listed else []),
            *(f"{self._candidate}_{name}" for name in _OF_CANDIDATE),
            *(f"JetPFCands_btag{name}" for name in _IN_JET),
            *(f"JetSVs_{name}" for name in _OF_VERTEX.values()),
        ]
        there = set(container.names)
        if absent := [name for name in self._needed if name not in there]:
            raise InputError(
                f"{path} has no {PREFIX}*, and lacks {absent[0]}, of which they could be made "
                f"({len(absent)} of {len(self._needed)} absent): give a PFNano with candidates and vertices, "
                "or read it as format pfnano or nanoaod with another feature table"
            )
        self._made = {
            f"{PREFIX}{block}_{name}_{place}": (block, row, place)
            for block, names in _VARIABLES.items()
            for row, name in enumerate(names)
            for place in range(_PLACES[block])
        }
        counters = [f"{PREFIX}{name}" for name in (*_COUNTERS.values(), "npv")]
        self.names: Sequence[str] = [*container.names, *counters, *self._made]

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Some branches of a range of events."""
        own = [name for name in names if not name.startswith(PREFIX)]
        if len(own) == len(names):
            return self._container.read(own, start, stop)
        found = dict(self._container.read(list(dict.fromkeys([*own, *self._needed])), start, stop))
        jets = _counts(found["Jet_pt"])
        numbers = {f"{PREFIX}npv": np.repeat(_flat(found["PV_npvs"]), jets)}
        values = {}
        for block, (jet, columns, rank) in self._elements(found).items():
            total = len(numbers[f"{PREFIX}npv"])
            numbers[f"{PREFIX}{_COUNTERS[block]}"] = np.bincount(jet[jet >= 0], minlength=total)
            values[block] = leading(jet, columns, rank, _PLACES[block], total)
        for name in names:
            if name in self._made:
                block, row, place = self._made[name]
                numbers[name] = values[block][row, place]
        return {
            name: ak.unflatten(numbers[name], jets) if name.startswith(PREFIX) else found[name]
            for name in names
        }

    def _elements(
        self, found: Mapping[str, ak.Array]
    ) -> dict[str, tuple[np.ndarray, list[np.ndarray], np.ndarray | None]]:
        """Of each block the jet of every element (-1 for none), its variables in order, and its rank."""
        jet = self._rows(found, "JetPFCands_jetIdx", "Jet_pt")
        axis = {name: _flat(found[f"Jet_{name}"]).astype(np.float64)[jet] for name in _OF_JET}
        candidate = {name: _flat(found[f"{self._candidate}_{name}"]) for name in _OF_CANDIDATE}
        if self._listed:
            rows = self._rows(found, "JetPFCands_pFCandsIdx", "PFCands_pt")
            candidate = {name: column[rows] for name, column in candidate.items()}
        in_jet = {name: _flat(found[f"JetPFCands_btag{name}"]) for name in _IN_JET}
        used, charged = candidate["pt"] >= _LOWEST_PT, candidate["charge"] != 0
        ptrel = np.clip(candidate["pt"] / axis["pt"] - 1, -1, 0)
        phi = wrap_phi(candidate["phi"] - axis["phi"])
        distance = np.hypot(candidate["eta"] - axis["eta"], phi)
        track = _track(candidate, in_jet, phi) | {"DeltaR": distance}
        bounded = [np.clip(track[name], *bounds) for name, bounds in _BOUNDS.items()]
        common = [candidate["puppiWeight"], candidate["pvAssocQuality"], ptrel]
        vertices = [_flat(found[f"JetSVs_{name}"]) for name in _OF_VERTEX.values()]
        return {
            "Cpfcan": (
                np.where(used & charged, jet, -1),
                [*common, candidate["trkChi2"], candidate["trkQuality"], *bounded],
                track["Sip2dSig"],
            ),
            "Npfcan": (
                np.where(used & ~charged, jet, -1),
                [
                    candidate["puppiWeight"],
                    np.clip(distance - 0.6, -0.6, 0),
                    ptrel,
                    np.abs(candidate["pdgId"]) == _PHOTON,
                ],
                candidate["pt"],
            ),
            "sv": (self._rows(found, "JetSVs_jetIdx", "Jet_pt"), vertices, None),
        }

    def _rows(self, found: Mapping[str, ak.Array], index: str, target: str) -> np.ndarray:
        """Row among all of `target` that each number of an index of places in the event means, int64."""
        counts, places = _counts(found[target]), _flat(found[index]).astype(np.int64)
        number = _counts(found[index])
        if ((places < 0) | (places >= np.repeat(counts, number))).any():
            raise InputError(
                f"{self._path}: {index} names an object that {target} does not have: mend the file"
            )
        return places + np.repeat(np.cumsum(counts) - counts, number)


def _track(
    candidate: Mapping[str, np.ndarray], in_jet: Mapping[str, np.ndarray], phi: np.ndarray
) -> dict[str, np.ndarray]:
    """Variables of candidates as tracks along their jet's axis; NaN for those without a track.

    phi: azimuth of the candidate from the axis.
    """
    momentum = candidate["pt"] * np.cosh(candidate["eta"])
    # A track is closest to the primary vertex at d0 (-sin phi, cos phi): along the jet, or behind the vertex.
    along = -candidate["d0"] * np.sin(phi)
    impact = np.copysign(candidate["d0"], np.where(along >= 0, 1, -1))
    exists = candidate["d0Err"] > 0
    error = np.where(exists, candidate["d0Err"], np.nan)
    found = {name: np.where(exists, column, np.nan) for name, column in in_jet.items()}
    return found | {
        "PtRel": found["PtRatio"] * momentum,
        "PPar": found["PParRatio"] * momentum,
        "Sip2dVal": np.where(exists, impact, np.nan),
        "Sip2dSig": impact / error,
    }


def _flat(array: ak.Array) -> np.ndarray:
    return ak.to_numpy(ak.flatten(array, axis=None))


def _counts(array: ak.Array) -> np.ndarray:
    return ak.to_numpy(ak.num(array)).astype(np.int64)

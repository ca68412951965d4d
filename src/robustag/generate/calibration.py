"""The prompt tracks of generated ntuples that the jet probability is calibrated with."""

from collections.abc import Iterable
from pathlib import Path

import awkward as ak
import numpy as np

from robustag.classes import HADRON_FLAVOURS
from robustag.errors import InputError
from robustag.generate.impact import IP_D0_MAX
from robustag.ntuples import read_branches

_BRANCHES = ("Jet_hadronFlavour", "Track_jetIdx", "Track_D0", "Track_d0_signed_significance")
# Fewer tracks do not fix the tail.
_TRACKS_MIN = 1000


def prompt_significances(paths: Iterable[Path]) -> np.ndarray:
    """|d0 / sigma| of tracks with negative lifetime sign and |d0| < 2 mm in light jets, float64 [N].

    Raises InputError when a file cannot be read or there are too few tracks.
    """
    found = []
    for path in paths:
        events = read_branches(path, _BRANCHES)
        light = ak.flatten(events.Jet_hadronFlavour[events.Track_jetIdx] == HADRON_FLAVOURS["light"])
        signed = ak.to_numpy(ak.flatten(events.Track_d0_signed_significance)).astype(float)
        near = np.abs(ak.to_numpy(ak.flatten(events.Track_D0))) < IP_D0_MAX
        found.append(-signed[ak.to_numpy(light) & near & (signed < 0.0)])
    significance = np.concatenate(found)
    if len(significance) < _TRACKS_MIN:
        raise InputError(
            f"only {len(significance)} tracks with negative lifetime sign in light jets: give more events"
        )
    return significance

"""What is known about the public data set: moments of its inputs, flavours, and which jets it holds."""

from pathlib import Path

import numpy as np
import pandas as pd

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.published import read_moments
from robustag.generate.jets import energy_scale

# Jets of each flavour (arXiv:2203.13890, code, reweighting notebook).
PUBLISHED_JETS = {"b": 4_516_046, "c": 1_377_833, "light": 5_598_092}
PUBLISHED_FRACTIONS = {
    flavour: jets / sum(PUBLISHED_JETS.values()) for flavour, jets in PUBLISHED_JETS.items()
}
# Smallest and largest pT [GeV], largest |eta| and number of tracks (the same code, notebook of defaults).
PUBLISHED_PT = (22.9141, 884.806)
PUBLISHED_ETA = 2.5
PUBLISHED_TRACKS = 33
# The part that its published moments were measured on.
PUBLISHED_SHARE = 0.72
_UNCALIBRATED_PT_MIN = 20.0


def load_published(path: str | Path, table: FeatureTable) -> pd.DataFrame:
    """Published moments of every input: a table with the index `table.names`, columns mean, sigma, stand_in.

    Raises
    ------
    InputError
        If the file cannot be read or lacks an input.
    """
    moments = read_moments(path)
    if absent := [name for name in table.names if name not in moments]:
        raise InputError(f"published moments {path}: no row for {absent[0]} ({len(absent)} inputs absent)")
    return pd.DataFrame([moments[name] for name in table.names], index=pd.Index(table.names, name="name"))


def published_acceptance(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Which jets the public data set would hold, bool [N], from calibrated pT [GeV] and eta.

    Its smallest jet pT, 22.914 GeV, is the calibration of a 20 GeV jet at |eta| = 2.5: the card cut at 20 GeV
    before it applied the energy scale.
    """
    return pt >= _UNCALIBRATED_PT_MIN * energy_scale(np.full_like(pt, _UNCALIBRATED_PT_MIN), eta)

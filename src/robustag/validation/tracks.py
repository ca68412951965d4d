"""Histograms of tracks: counts, impact parameters, residuals and pulls."""

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.generate.origins import Origin
from robustag.validation.histograms import histogram
from robustag.validation.objects import Objects

PT_EDGES = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0, 100.0)
ETA_EDGES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
# The resolution against eta is that of tracks in this range of pT [GeV].
ETA_PT = (2.0, 5.0)
PULL_EDGES = np.linspace(-6.0, 6.0, 121)
_RESIDUAL_EDGES = {
    "d0": np.linspace(-0.6, 0.6, 1201),
    "z0": np.linspace(-6.0, 6.0, 1201),
    "qoverp": np.linspace(-0.3, 0.3, 1201),
}
_VERTEX_EDGES = {"pv_x": np.linspace(-0.1, 0.1, 201), "pv_z": np.linspace(-0.5, 0.5, 201)}


def track_histograms(objects: Objects) -> pd.DataFrame:
    """Tracks of jets by flavour, residuals of primary tracks in slices of pT and |eta|, primary vertices.

    Quantities: tracks_per_jet, d0_significance (lifetime-signed), z0 [mm]; for tracks of primary particles
    d0_residual, z0_residual (measured minus true, mm), qoverp_residual (relative), their twins d0_reported,
    z0_reported and qoverp_reported (sqrt of the covariance) in slices "pt" and "eta", and d0_pull, z0_pull;
    pv_x, pv_z, the primary vertex's distance from the collision [mm].
    """
    jets, tracks, events = objects.jets, objects.tracks, objects.events
    by_jet = {"flavour": jets["flavour"].to_numpy(), "flavours": CLASSES}
    by_track = {"flavour": tracks["flavour"].to_numpy(), "flavours": CLASSES}
    parts = [
        histogram("tracks_per_jet", jets["n_tracks"], np.arange(-0.5, 30.5), **by_jet),
        histogram("d0_significance", tracks["d0_signed_significance"], np.linspace(-20, 40, 121), **by_track),
        histogram("z0", tracks["Z0"], np.linspace(-2.0, 2.0, 81), **by_track),
    ]
    for axis in ("x", "z"):
        name = f"pv_{axis}"
        parts.append(histogram(name, events[f"PV_{axis}"] - events[f"GenVtx_{axis}"], _VERTEX_EDGES[name]))
    return pd.concat([*parts, *_residuals(tracks[tracks["origin"] == Origin.PRIMARY])], ignore_index=True)


def _residuals(tracks: pd.DataFrame) -> list[pd.DataFrame]:
    """Residuals, reported resolutions and pulls of tracks of primary particles."""
    pt, eta = tracks["pt"].to_numpy(), np.abs(tracks["eta"].to_numpy())
    middle = (pt >= ETA_PT[0]) & (pt < ETA_PT[1])
    parts = []

    def sliced(name: str, values: np.ndarray, edges: np.ndarray) -> None:
        parts.append(histogram(name, values, edges, slices=("pt", pt, PT_EDGES)))
        parts.append(histogram(name, values[middle], edges, slices=("eta", eta[middle], ETA_EDGES)))

    for name, parameter in (("d0", "D0"), ("z0", "Z0")):
        reported = np.sqrt(tracks[parameter * 2].to_numpy(np.float64))
        residual = (tracks[parameter] - tracks[f"true_{parameter}"]).to_numpy(np.float64)
        edges = _RESIDUAL_EDGES[name]
        sliced(f"{name}_residual", residual, edges)
        sliced(f"{name}_reported", reported, edges[edges >= 0.0])
        parts.append(histogram(f"{name}_pull", residual / reported, PULL_EDGES))
    true = tracks["true_QOVERP"].to_numpy(np.float64)
    reported = np.sqrt(tracks["QOVERPQOVERP"].to_numpy(np.float64)) / np.abs(true)
    edges = _RESIDUAL_EDGES["qoverp"]
    sliced("qoverp_residual", tracks["QOVERP"].to_numpy(np.float64) / true - 1.0, edges)
    sliced("qoverp_reported", reported, edges[edges >= 0.0])
    return parts

"""What the merged histograms say: efficiencies, resolutions, pulls and decay slopes, each with its error."""

import numpy as np
import pandas as pd

from robustag.binomial import efficiency
from robustag.classes import CLASSES
from robustag.generate.origins import Origin
from robustag.validation.fits import (
    central_width,
    fit_exponential,
    fit_gaussian,
    mixture_width,
)
from robustag.validation.histograms import ALL, pick_histogram
from robustag.validation.lifetime import HADRONS, PDG_CTAU

# The pulls' Gaussian is fitted this far to each side, where tails of the resolution do not reach.
PULL_WINDOW = 2.0
# Slopes are fitted in these ranges of proper decay length [mm]: all of it in truth, where the efficiency to
# find a vertex no longer rises in the reconstruction.
CT_WINDOWS = {"ct_true": (0.0, 4.0), "ct_matched": (1.0, 4.0), "ct_vertex": (1.0, 4.0)}


def _finite(bins: pd.DataFrame) -> pd.DataFrame:
    return bins[np.isfinite(bins["low"]) & np.isfinite(bins["high"])]


def shapes(histograms: pd.DataFrame, quantities: list[str]) -> pd.DataFrame:
    """Densities by flavour, each normalised to all entries, overflow included.

    Returns quantity, flavour, low, high, density (per unit of the quantity), error (Poisson).
    """
    parts = []
    for quantity in quantities:
        for flavour in CLASSES:
            bins = pick_histogram(histograms, quantity, flavour)
            total = max(bins["count"].sum(), 1)
            bins = _finite(bins)
            scale = 1.0 / (total * (bins["high"] - bins["low"]))
            parts.append(
                bins[["quantity", "flavour", "low", "high"]].assign(
                    density=bins["count"] * scale, error=np.sqrt(bins["count"]) * scale
                )
            )
    return pd.concat(parts, ignore_index=True)


def vertex_efficiency(histograms: pd.DataFrame) -> pd.DataFrame:
    """Share of jets with a secondary vertex against jet pT [GeV].

    Returns vertex ("any", or "significant" for one of significant flight), flavour, low, high, jets,
    efficiency, efficiency_low, efficiency_high (central 68 %).
    """
    parts = []
    for vertex in ("any", "significant"):
        for flavour in CLASSES:
            jets = _finite(pick_histogram(histograms, "jet_pt", flavour))
            found = _finite(pick_histogram(histograms, f"jet_pt_{vertex}", flavour))["count"].to_numpy()
            value, low, high = efficiency(found, jets["count"].to_numpy())
            parts.append(
                jets[["flavour", "low", "high"]].assign(
                    vertex=vertex,
                    jets=jets["count"],
                    efficiency=value,
                    efficiency_low=low,
                    efficiency_high=high,
                )
            )
    return pd.concat(parts, ignore_index=True)


def vertex_composition(histograms: pd.DataFrame) -> pd.DataFrame:
    """Vertices in 100 jets of each flavour by the origin of most of their tracks.

    Returns flavour, origin, per_100_jets. A vertex of mostly primary or fake tracks is a fake vertex.
    """
    rows = []
    for flavour in CLASSES:
        jets = pick_histogram(histograms, "sv_per_jet", flavour)["count"].sum()
        bins = _finite(pick_histogram(histograms, "sv_origin", flavour))
        counts = bins["count"] if len(bins) else [np.nan] * len(Origin)
        for origin, count in zip(Origin, counts, strict=True):
            rows.append((flavour, origin.name.lower(), 100.0 * count / max(jets, 1)))
    return pd.DataFrame(rows, columns=["flavour", "origin", "per_100_jets"])


def resolutions(histograms: pd.DataFrame) -> pd.DataFrame:
    """Resolution of d0, z0 [mm] and relative q/p against pT [GeV] and |eta|, and of the primary vertex [mm].

    Returns quantity, slice ("pt", "eta" or "" for all), low, high, entries, resolution (half the central 68 %
    of measured minus true), error, expected (the same for Gaussians of the reported widths).
    """
    rows = []
    sliced = histograms[histograms["quantity"].str.endswith("_reported")]
    for (name, axis, low, high), bins in sliced.groupby(
        ["quantity", "slice", "slice_low", "slice_high"], sort=False
    ):
        quantity = name.removesuffix("_reported")
        residual = histograms[
            (histograms["quantity"] == f"{quantity}_residual")
            & (histograms["slice"] == axis)
            & (histograms["slice_low"] == low)
        ]
        rows.append((quantity, axis, low, high, bins["count"].sum(), *_width(residual), _expected(bins)))
    for quantity in ("pv_x", "pv_z"):
        bins = pick_histogram(histograms, quantity)
        rows.append((quantity, "", -np.inf, np.inf, bins["count"].sum(), *_width(bins), np.nan))
    columns = ["quantity", "slice", "low", "high", "entries", "resolution", "error", "expected"]
    return pd.DataFrame(rows, columns=columns)


def _expected(bins: pd.DataFrame) -> float:
    inside = _finite(bins)
    middle = (0.5 * (inside["low"] + inside["high"])).to_numpy()
    return mixture_width(middle, inside["count"].to_numpy())


def _width(bins: pd.DataFrame) -> tuple[float, float]:
    return central_width(*(bins[name].to_numpy() for name in ("low", "high", "count")))


def pulls(histograms: pd.DataFrame) -> pd.DataFrame:
    """Gaussian fits to the cores of the pulls of primary tracks.

    Returns quantity, entries, mean, mean_error, width, width_error, beyond_3 (share of |pull| > 3).
    """
    rows = []
    for quantity in ("d0_pull", "z0_pull"):
        bins = pick_histogram(histograms, quantity)
        core = bins[(bins["low"] > -PULL_WINDOW - 1e-9) & (bins["high"] < PULL_WINDOW + 1e-9)]
        mean, width = fit_gaussian(*(core[name].to_numpy() for name in ("low", "high", "count")))
        total = bins["count"].sum()
        outside = bins["count"][(bins["high"] < -3.0 + 1e-9) | (bins["low"] > 3.0 - 1e-9)].sum()
        rows.append((quantity, total, *mean, *width, outside / max(total, 1)))
    columns = ["quantity", "entries", "mean", "mean_error", "width", "width_error", "beyond_3"]
    return pd.DataFrame(rows, columns=columns)


def lifetimes(histograms: pd.DataFrame) -> pd.DataFrame:
    """Slopes of the proper decay length of each b hadron beside c tau of the Review of Particle Physics.

    "all" is the mixture of the hadrons, beside the mean c tau of those produced.

    Returns quantity (ct_true, ct_matched, ct_vertex), hadron, entries in the fit's range, from, to, ctau,
    ctau_error, pdg, ratio [mm].
    """
    produced = [pick_histogram(histograms, "ct_true", hadron)["count"].sum() for hadron in HADRONS.values()]
    pdg = {hadron: PDG_CTAU[code] for code, hadron in HADRONS.items()}
    pdg[ALL] = float(np.average(list(pdg.values()), weights=produced)) if any(produced) else np.nan
    rows = []
    for quantity, (start, stop) in CT_WINDOWS.items():
        for hadron, published in pdg.items():
            bins = pick_histogram(histograms, quantity, hadron)
            bins = bins[(bins["low"] > start - 1e-9) & (bins["high"] < stop + 1e-9)]
            length, error = fit_exponential(*(bins[name].to_numpy() for name in ("low", "high", "count")))
            entries = bins["count"].sum()
            rows.append(
                (quantity, hadron, entries, start, stop, length, error, published, length / published)
            )
    columns = ["quantity", "hadron", "entries", "from", "to", "ctau", "ctau_error", "pdg", "ratio"]
    return pd.DataFrame(rows, columns=columns)

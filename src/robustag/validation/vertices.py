"""Histograms of secondary vertices: what they look like, how often they are found, what they are made of."""

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.generate.origins import Origin
from robustag.validation.histograms import histogram
from robustag.validation.objects import Objects

JET_PT_EDGES = (20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 140.0, 200.0, 300.0)
# A flight this long, in units of its error, is the usual request of a tagger.
SIGNIFICANT = 3.0
SIGNIFICANCE_EDGES = np.geomspace(0.5, 500.0, 31)


def vertex_histograms(objects: Objects) -> pd.DataFrame:
    """Vertices by the flavour of their jet.

    Quantities: sv_mass [GeV], sv_tracks, sv_significance (of the flight), sv_per_jet, sv_origin (the
    `Origin` of most of the vertex's tracks), jet_pt, and that of jets with a vertex (jet_pt_any) and
    with one of SIGNIFICANT flight (jet_pt_significant) [GeV].
    """
    jets, vertices = objects.jets, objects.vertices
    flavour = {"flavour": vertices["flavour"].to_numpy(), "flavours": CLASSES}
    jet_flavour = {"flavour": jets["flavour"].to_numpy(), "flavours": CLASSES}
    number = np.bincount(vertices["jet"], minlength=len(jets))
    far = np.bincount(vertices["jet"][vertices["dlenSig"] > SIGNIFICANT], minlength=len(jets))
    pt = jets["pt"].to_numpy(np.float64)
    codes = np.arange(len(Origin) + 1) - 0.5
    return pd.concat(
        [
            histogram("sv_mass", vertices["mass"], np.linspace(0.0, 6.0, 41), **flavour),
            histogram("sv_tracks", vertices["ntracks"], np.arange(1.5, 13.5), **flavour),
            histogram("sv_significance", vertices["dlenSig"], SIGNIFICANCE_EDGES, **flavour),
            histogram("sv_per_jet", number, np.arange(-0.5, 5.5), **jet_flavour),
            histogram("sv_origin", main_origin(objects), codes, **flavour),
            histogram("jet_pt", pt, JET_PT_EDGES, **jet_flavour),
            histogram("jet_pt_any", np.where(number > 0, pt, np.nan), JET_PT_EDGES, **jet_flavour),
            histogram("jet_pt_significant", np.where(far > 0, pt, np.nan), JET_PT_EDGES, **jet_flavour),
        ],
        ignore_index=True,
    )


def main_origin(objects: Objects) -> np.ndarray:
    """The origin that most tracks of each vertex have, float64 [V]; the lowest code wins a tie.

    A track belongs to the vertex of its jet whose flight length it carries as vertex_displacement.
    """
    vertices = objects.vertices.reset_index(names="vertex")
    members = objects.tracks[["jet", "vertex_displacement", "origin"]].merge(
        vertices[["jet", "dlen", "vertex"]],
        left_on=["jet", "vertex_displacement"],
        right_on=["jet", "dlen"],
    )
    counts = np.zeros((len(vertices), len(Origin)))
    np.add.at(counts, (members["vertex"].to_numpy(), members["origin"].to_numpy()), 1)
    return np.where(counts.any(axis=1), counts.argmax(axis=1), np.nan)

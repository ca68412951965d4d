"""Toy collections whose resolutions, efficiencies and lifetimes are known."""

import numpy as np
import pandas as pd
import pytest

from robustag.classes import CLASSES
from robustag.generate.origins import Origin
from robustag.validation.lifetime import HADRONS, PDG_CTAU
from robustag.validation.objects import Objects

EVENTS = 3000
SIGMA = {"D0": 0.05, "Z0": 0.4}
# Share of jets with a vertex.
EFFICIENCY = {"b": 0.7, "c": 0.3, "light": 0.1}


def toy_objects(seed: int, pull: float = 1.0) -> Objects:
    """One jet an event with four primary tracks; errors of d0 and z0 are `pull` times what is reported.

    Jets are vetoed a vertex with EFFICIENCY; the vertex has two tracks of b decays and one primary track. A b
    hadron of exponential lifetime flies along every b jet, and the vertex sits at its decay.
    """
    rng = np.random.default_rng(seed)
    number = np.arange(EVENTS)
    flavour = rng.choice(CLASSES, EVENTS)
    jets = pd.DataFrame(
        {"event": number, "pt": rng.uniform(20, 200, EVENTS), "eta": 0.0, "phi": 0.0, "n_tracks": 4}
    ).assign(flavour=flavour)
    code = rng.choice(list(HADRONS), EVENTS)
    proper = rng.exponential(np.vectorize(PDG_CTAU.get)(code))
    mass, pt = 5.28, 40.0
    length = proper * pt / mass
    particles = pd.DataFrame(
        {
            "event": number,
            "pt": pt,
            "eta": 0.0,
            "phi": 0.1,
            "mass": mass,
            "pdgId": code * rng.choice([-1, 1], EVENTS),
        }
    ).assign(vx=1.0, vy=2.0, vz=3.0, decay_x=1.0 + length, decay_y=2.0, decay_z=3.0)[flavour == "b"]
    found = rng.random(EVENTS) < np.vectorize(EFFICIENCY.get)(flavour)
    vertices = pd.DataFrame({"event": number, "jet": number, "flavour": flavour, "dlen": length})
    vertices = vertices.assign(mass=2.0, ntracks=3, dlenSig=10.0)[found].reset_index(drop=True)
    track = np.repeat(number, 4)
    rank = np.tile(np.arange(4), EVENTS)
    attached = found[track] & (rank > 0)
    tracks = pd.DataFrame(
        {
            "event": track,
            "jet": track,
            "flavour": flavour[track],
            "pt": rng.uniform(0.6, 20.0, len(track)),
            "eta": rng.uniform(-2.5, 2.5, len(track)),
            "QOVERP": 0.1 * rng.normal(1.0, 0.01, len(track)),
            "true_QOVERP": 0.1,
            "QOVERPQOVERP": 1e-6,
            "vertex_displacement": np.where(attached, length[track], 0.0),
            "d0_signed_significance": rng.normal(0.0, 1.0, len(track)),
            "origin": np.where(attached & (rank > 1), Origin.BOTTOM, Origin.PRIMARY),
        }
    )
    for name, sigma in SIGMA.items():
        true = rng.normal(0.0, 1.0, len(track))
        measured = true + pull * rng.normal(0.0, sigma, len(track))
        tracks = tracks.assign(**{name: measured, f"true_{name}": true, name * 2: sigma**2})
    centre = {f"GenVtx_{axis}": 0.0 for axis in "xyz"}
    events = pd.DataFrame({f"PV_{axis}": rng.normal(0.0, 0.01, EVENTS) for axis in "xyz"}).assign(**centre)
    return Objects(events, jets, tracks, vertices, particles.reset_index(drop=True))


@pytest.fixture(scope="session")
def objects() -> Objects:
    return toy_objects(11)

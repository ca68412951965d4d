"""Lifetimes of b hadrons: as generated, and as flight of secondary vertices."""

import numpy as np
import pandas as pd

from robustag.generate.jets import delta_r
from robustag.validation.histograms import histogram
from robustag.validation.objects import Objects

# Light travels this far in a picosecond [mm].
_MM_PER_PS = 0.299792458
# c tau [mm] from the mean lives of the Review of Particle Physics 2022: 1.638, 1.519, 1.520, 1.471 ps.
PDG_CTAU = {
    521: 1.638 * _MM_PER_PS,
    511: 1.519 * _MM_PER_PS,
    531: 1.520 * _MM_PER_PS,
    5122: 1.471 * _MM_PER_PS,
}
HADRONS = {521: "B+", 511: "B0", 531: "Bs", 5122: "Lambda_b"}
CT_EDGES = np.linspace(0.0, 4.0, 81)
_MATCHING_RADIUS = 0.4


def proper_length(particles: pd.DataFrame, length: np.ndarray) -> np.ndarray:
    """Proper decay length c t = L m / p [mm] of particles that fly L [mm]."""
    momentum = particles["pt"] * np.cosh(particles["eta"])
    return np.asarray(length * particles["mass"] / momentum, np.float64)


def lifetime_histograms(objects: Objects) -> pd.DataFrame:
    """Proper decay lengths [mm] of weakly decaying b hadrons, by hadron and of all.

    Quantities: ct_true (from production and decay vertex), and for the hadrons that `match` pairs with a
    vertex ct_vertex, the vertex's flight with the hadron's true m / p, and ct_matched, their true length.
    """
    particles = objects.particles[objects.particles["pdgId"].abs().isin(HADRONS)].reset_index(drop=True)
    path = [particles[f"decay_{axis}"] - particles[f"v{axis}"] for axis in "xyz"]
    true = proper_length(particles, np.sqrt(sum(np.square(step) for step in path)))
    kind = particles["pdgId"].abs().map(HADRONS).to_numpy()
    vertex, matched = match(objects, particles)
    flight = objects.vertices["dlen"].to_numpy()[vertex]
    seen = proper_length(particles.iloc[matched], flight)
    samples = (
        ("ct_true", true, kind),
        ("ct_matched", true[matched], kind[matched]),
        ("ct_vertex", seen, kind[matched]),
    )
    hadrons = tuple(HADRONS.values())
    parts = [
        part
        for name, length, hadron in samples
        for part in (
            histogram(name, length, CT_EDGES, flavour=hadron, flavours=hadrons),
            histogram(name, length, CT_EDGES),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def match(objects: Objects, particles: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (row of the vertex, row of the particle): int64 [M] each.

    The vertex of a b jet that is closest to the primary one, the b hadron's rather than that of the c hadron
    it decays to, is paired with the particle in the jet's cone; jets with two such particles are left out.
    """
    vertices, jets = objects.vertices, objects.jets
    first = vertices[vertices["flavour"] == "b"].groupby("jet")["dlen"].idxmin()
    chosen = pd.DataFrame({"jet": first.index, "vertex": first.to_numpy()})
    chosen["event"] = jets["event"].to_numpy()[chosen["jet"]]
    numbered = particles.reset_index(names="particle")[["event", "particle", "eta", "phi"]]
    pairs = chosen.merge(numbered, on="event")
    axis = jets.iloc[pairs["jet"]]
    distance = delta_r(axis["eta"].to_numpy(), axis["phi"].to_numpy(), pairs["eta"], pairs["phi"])
    pairs = pairs[np.asarray(distance) < _MATCHING_RADIUS]
    alone = pairs[~pairs["jet"].duplicated(keep=False)]
    return alone["vertex"].to_numpy(), alone["particle"].to_numpy()

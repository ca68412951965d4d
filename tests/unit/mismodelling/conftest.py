"""One generated ntuple, and what record variations make of it."""

from pathlib import Path

import awkward as ak
import pytest
import uproot

from robustag.generate.chunk import generate_chunk
from robustag.mismodelling.vary import vary_ntuple

DETECTOR = {"tracker": "atlas_run1", "tail_fraction": 0.01, "tail_scale": 2.5, "fakes": 0.5}
VARIATIONS = {
    "nothing": {},
    "resolution": {"d0_resolution": 1.25, "z0_resolution": 1.25},
    "smeared": {"covariance_smearing": 0.5},
    "errors": {"reported_errors": 1.2},
    "wave": {"d0_wave": {"amplitude": 0.05, "periods": 2}},
    "bias": {"d0_wave": {"amplitude": 0.05, "periods": 0}},
    "some_lost": {"track_loss": 0.1},
    "more_lost": {"track_loss": 0.3},
    "fakes": {"fakes": 0.4},
    "scaled": {"jet_energy_scale": 1.03},
    "blurred": {"jet_energy_resolution": 1.5},
    "no_vertex": {"vertex_loss": 1.0},
    "few_vertices": {"vertex_loss": 0.3},
}


@pytest.fixture(scope="package")
def ntuples(tmp_path_factory) -> dict[str, Path]:
    """Files of a nominal chunk, of the simulated detector "worse", and of each of `VARIATIONS`."""
    folder = tmp_path_factory.mktemp("ntuples")
    paths = {name: folder / f"{name}.root" for name in ("nominal", "worse", *VARIATIONS)}
    generate_chunk(
        {"process": "bb", "pythia": ["PartonLevel:MPI = off"]},
        DETECTOR,
        {"worse": {"d0_resolution": 1.25, "z0_resolution": 1.25}},
        events=900,
        seed=3,
        run=1,
        chunk=1,
        variation="nominal",
        outputs={name: paths[name] for name in ("nominal", "worse")},
        progress=lambda done: None,
    )
    vary_ntuple(paths["nominal"], VARIATIONS, {name: paths[name] for name in VARIATIONS}, seed=5)
    return paths


@pytest.fixture(scope="package")
def events(ntuples) -> dict[str, ak.Array]:
    """Their branches."""
    return {name: uproot.open(path)["Events"].arrays() for name, path in ntuples.items()}

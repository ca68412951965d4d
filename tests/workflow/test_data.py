"""Samples of data: compared with simulation where a study has some, and no part of anything else."""

import numpy as np
import pytest
import yaml
from tests.checkout import Checkout

from robustag.readers import read_jets
from robustag.tensors.loading import JetShards, load_tensors
from robustag.workflow.simulation import simulate_chunk

pytestmark = pytest.mark.process

SMOKE = ("--configfile", "config/smoke.yaml", "mine.yaml")
PRESET = {
    "study": "mine",
    "samples": {
        "mine": {"format": "generated", "files": ["files/nominal.root"], "jets_per_chunk": 300},
        "measured": {
            "format": "generated",
            "files": ["files/lost.root"],
            "jets_per_chunk": 300,
            "select": {"pt": [25.0, 200.0]},
        },
    },
    "run": {
        "samples": ["mine"],
        "data": ["measured"],
        "variations": [],
        "scenarios": ["impact_parameter_smearing", "softer_jets"],
    },
}
WITHOUT = PRESET | {"run": PRESET["run"] | {"data": []}}
COMPARED = {
    *("records_data", "tensorise_data", "index_data", "compare_data", "compare_data_inputs", "data_verdicts"),
    *("fig_data_discriminator", "fig_data_inputs", "fig_data_agreement"),
}
INDEXES = [f"results/mine/data/{part}.index.json" for part in ("measured", "other")]


@pytest.fixture(scope="module")
def ntuples(tmp_path_factory):
    """Top pairs, and as pseudo-data others of a detector that loses tracks."""
    folder = tmp_path_factory.mktemp("files")
    for name, seed, detector in (("nominal", 5, {}), ("lost", 6, {"efficiency": 0.8})):
        simulate_chunk(
            *("ttbar", {"process": "ttbar", "events": 120, "pythia": ["PartonLevel:MPI = off"]}),
            *({"events_per_chunk": 120, "detector": {"tracker": "atlas_run1", **detector}}, 0),
            root_seed=seed,
            outputs={"nominal": folder / f"{name}.root"},
            progress=lambda done: None,
        )
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, ntuples):
    made = Checkout(tmp_path_factory.mktemp("data"))
    (made.folder / "files").symlink_to(ntuples)
    return made


def plan(checkout, preset, *targets):
    (checkout.folder / "mine.yaml").write_text(yaml.safe_dump(preset))
    return checkout.plan(*SMOKE, "--", *targets)


def test_a_study_without_data_compares_nothing(checkout):
    assert not COMPARED & plan(checkout, WITHOUT, "all", "archive").keys()


def test_data_add_their_comparison_and_change_nothing_else(checkout):
    without, planned = (plan(checkout, preset, "all", "archive") for preset in (WITHOUT, PRESET))
    assert planned.keys() - without.keys() == COMPARED
    assert planned["compare_data"] == planned["train"] - 1, "the Pareto set enters nothing else"
    assert planned["records_data"] == planned["tensorise_data"] == planned["summarise"] + 2
    counted = {"collect": 2, "total": sum(planned[rule] for rule in COMPARED) + 2}
    for rule, number in without.items():
        assert planned[rule] == number + counted.get(rule, 0), rule


def test_nothing_else_waits_for_data(checkout):
    """Neither scaling nor weights, no training, no number of the test, no claim."""
    targets = "normalise", "inventory", "export", "metrics_csv", "claims"
    assert plan(checkout, PRESET, *targets) == plan(checkout, WITHOUT, *targets)


def test_without_inputs_to_show_the_discriminators_are_compared(checkout):
    none = dict.fromkeys(["jet_pt", "jet_eta", "track_2_d0_significance", "vertex_mass", "track_0_D0"])
    planned = plan(checkout, PRESET | {"evaluation": {"inputs": none}}, "all")
    assert COMPARED - planned.keys() == {"compare_data_inputs", "fig_data_inputs"}


def test_all_jets_of_data_are_tested_and_none_has_a_label(checkout, ntuples, table):
    (checkout.folder / "mine.yaml").write_text(yaml.safe_dump(PRESET))
    run = checkout.snakemake(
        "--cores", "2", *SMOKE, "--", "results/mine/tensors/nominal.index.json", *INDEXES
    )
    assert run.returncode == 0, run.stdout
    measured, other = (checkout.folder / index for index in INDEXES)
    jets = read_jets("generated", ntuples / "lost.root", table).within({"pt": [25.0, 200.0]})
    found = load_tensors([measured], "test")
    assert np.array_equal(np.sort(found.pt), np.sort(jets.pt))
    assert (found.label == -1).all()
    assert (found.weight == 0).all()
    for split in ("train", "validation"):
        shards = JetShards([checkout.folder / "results/mine/tensors/nominal.index.json", measured], split)
        known = JetShards([checkout.folder / "results/mine/tensors/nominal.index.json"], split)
        assert len(shards) == len(known)
    simulated = read_jets("generated", ntuples / "nominal.root", table)
    whole = load_tensors([checkout.folder / "results/mine/tensors/nominal.index.json", other], "test")
    tested = np.isin(simulated.event.view(np.int64), whole.event)
    assert np.array_equal(np.sort(whole.pt), np.sort(simulated.pt[tested]))
    assert (whole.label == -1).sum() == (simulated.label[tested] == -1).sum() > 0

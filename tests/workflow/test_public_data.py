"""The public data set as a study: its preset is planned, and its lines become tensors."""

import json

import numpy as np
import pytest
import yaml
from tests.checkout import Checkout
from tests.jet_lines import write_random

from robustag.readers import read_jets
from robustag.tensors.loading import load_tensors

pytestmark = pytest.mark.process

JETS = 900
TARGET = "results/mine/tensors/nominal.index.json"


@pytest.fixture
def checkout(tmp_path):
    """A project with some jets where the preset looks for the data set."""
    made = Checkout(tmp_path / "project")
    (made.folder / "data").mkdir()
    write_random(made.folder / "data/dataset.json.gz", JETS)
    return made


def test_the_papers_configuration_on_their_data_is_planned(checkout):
    planned = checkout.plan("--configfile", "config/published.yaml")
    assert not {rule for rule in planned if "generate" in rule or "simulation" in rule or "validate" in rule}
    assert planned["records_given"] == planned["tensorise_given"] == 1
    assert planned["claims"] == planned["fig_roc"] == 1
    index = json.loads((checkout.folder / "results/published/files.json").read_text())
    ((counts,),) = (files.values() for files in index.values())
    assert counts[2:] == [JETS, JETS]


def test_what_the_papers_did_is_the_same_on_their_data_and_on_ours(root):
    paper, published = (
        yaml.safe_load((root / f"config/{name}.yaml").read_text()) for name in ("paper", "published")
    )
    assert published["weights"] == paper["weights"]
    assert len(published["weights"]["pt_edges"]) == len(published["weights"]["eta_edges"]) == 51
    for model in ("faithful_nominal", "faithful_fgsm"):
        assert published["models"][model] == paper["models"][model]
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    assert config["split"] == [0.72, 0.08, 0.20]


@pytest.mark.slow
def test_lines_become_tensors(checkout, table):
    sample = {"format": "jet_flavor", "files": ["data/dataset.json.gz"], "jets_per_chunk": 350}
    run = {"samples": ["mine"], "variations": [], "scenarios": ["softer_jets"]}
    preset = {"study": "mine", "samples": {"mine": sample}, "run": run}
    (checkout.folder / "mine.yaml").write_text(yaml.safe_dump(preset))
    made = checkout.snakemake("--cores", "2", "--configfile", "config/smoke.yaml", "mine.yaml", "--", TARGET)
    assert made.returncode == 0, made.stdout
    results = checkout.folder / "results/mine"
    logs = [path.read_text() for path in (results / "logs").rglob("*.log")]
    assert sum("a line is an event" in log for log in logs) == 3
    found = [load_tensors([checkout.folder / TARGET], split) for split in ("train", "validation", "test")]
    events = np.concatenate([part.event.numpy().astype(np.uint64) for part in found])
    labels = np.concatenate([part.label.numpy() for part in found])
    lines = read_jets("jet_flavor", checkout.folder / "data/dataset.json.gz", table)
    order, expected = np.argsort(events), np.argsort(lines.event)
    np.testing.assert_array_equal(events[order], lines.event[expected])
    np.testing.assert_array_equal(labels[order], lines.label[expected])
    missing = np.concatenate([part.missing.numpy() for part in found])
    np.testing.assert_array_equal(missing[order], np.isnan(lines.values[expected]))

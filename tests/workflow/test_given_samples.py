"""Samples that are given as files, from their configuration to tensors: nothing is simulated."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.checkout import ROOT, Checkout
from tests.servers import serving

from robustag.cli import read_configuration
from robustag.errors import InputError
from robustag.readers import read_jets
from robustag.tensors.loading import JetShards
from robustag.workflow.checking import check_configuration
from robustag.workflow.simulation import simulate_chunk

pytestmark = pytest.mark.process

SMOKE = ("--configfile", "config/smoke.yaml", "mine.yaml")
TARGETS = [f"results/mine/tensors/{name}.index.json" for name in ("nominal", "worse")]
PRESET = {
    "study": "mine",
    "samples": {"mine": {"format": "generated", "files": ["data/nominal*.root"], "jets_per_chunk": 150}},
    "variations": {"worse": {"reason": "a detector of one's own", "files": {"mine": ["data/worse*.root"]}}},
    "figures": {"mismodellings": [{"label": "worse", "perturbation": "worse", "epsilon": 1.0}]},
    "run": {
        "samples": ["mine"],
        "variations": ["worse"],
        "scenarios": ["impact_parameter_smearing", "softer_jets"],
    },
}


@pytest.fixture(scope="module")
def ntuples(tmp_path_factory):
    """Two chunks of simulated top pairs, nominal and with a worse detector."""
    folder = tmp_path_factory.mktemp("data")
    sample = {"process": "ttbar", "events": 160, "pythia": ["PartonLevel:MPI = off"]}
    generator = {"events_per_chunk": 80, "detector": {"tracker": "atlas_run1"}}
    for chunk in range(2):
        simulate_chunk(
            "ttbar",
            sample,
            generator,
            chunk,
            root_seed=5,
            outputs={name: folder / f"{name}{chunk}.root" for name in ("nominal", "worse")},
            detectors={"worse": {"d0_resolution": 1.25}},
            progress=lambda done: None,
        )
    return folder


@pytest.fixture
def checkout(tmp_path, ntuples):
    """A project with these ntuples in data/, and a function that writes mine.yaml."""
    made = Checkout(tmp_path / "project")
    (made.folder / "data").symlink_to(ntuples)
    write(made, PRESET)
    return made


def write(checkout, preset):
    (checkout.folder / "mine.yaml").write_text(yaml.safe_dump(preset))


def test_a_study_of_files_simulates_nothing_and_makes_the_rest(checkout):
    smoke = checkout.plan("--configfile", "config/smoke.yaml")
    plan = checkout.plan(*SMOKE)
    simulation = re.compile("generate|validate|vary|fig_simulation|records|tensorise|pseudo_data")
    assert smoke.keys() - plan.keys() == set(filter(simulation.match, smoke))
    assert plan.keys() - smoke.keys() == {"records_given", "tensorise_given"}
    index = json.loads((checkout.folder / "results/mine/files.json").read_text())
    jets = {Path(file).name: counts[3] for files in index.values() for file, counts in files.items()}
    chunks = {name: -(-number // 150) for name, number in jets.items()}
    assert min(chunks.values()) > 1
    assert plan["records_given"] == plan["tensorise_given"] == sum(chunks.values())
    assert plan["summarise"] == chunks["nominal0.root"] + chunks["nominal1.root"]


def test_files_of_another_detector_may_play_data(checkout):
    run = PRESET["run"] | {"variations": [], "pseudo_data": ["worse"]}
    write(checkout, PRESET | {"run": run, "figures": {"mismodellings": []}})
    plan = checkout.plan(*SMOKE, "--", "frontier")
    assert plan["pseudo_data"] == plan["train"] == plan["mismodel"] == 2
    assert plan["index"] == 2
    assert plan["records_given"] == plan["tensorise_given"] > plan["summarise"], "theirs are read, too"


def test_tensors_of_files_hold_every_jet_in_its_place(checkout, ntuples, table):
    run = checkout.snakemake("--cores", "2", *SMOKE, "--", *TARGETS)
    assert run.returncode == 0, run.stdout
    assert not list((checkout.folder / "results/mine/records").rglob("*.safetensors"))
    for target, name in zip(TARGETS, ("nominal", "worse"), strict=True):
        shards = [JetShards([checkout.folder / target], split) for split in ("train", "validation", "test")]
        files = sorted(ntuples.glob(f"{name}*.root"))
        jets = [read_jets("generated", file, table).labelled(file) for file in files]
        assert sum(map(len, shards)) == sum(map(len, jets))
        events = np.concatenate([np.unique(part.event) for part in jets])
        assert len(np.unique(events)) == len(events)
    assert checkout.snakemake("-n", *SMOKE, "--", *TARGETS).stdout.count("Nothing to be done") == 1


def test_a_range_of_a_file_that_changed_is_read_again(checkout, ntuples):
    folder = checkout.folder / "data"
    folder.unlink()
    shutil.copytree(ntuples, folder)
    before = checkout.plan(*SMOKE)["records_given"]
    (folder / "nominal1.root").unlink()
    assert checkout.plan(*SMOKE)["records_given"] < before


def test_files_of_a_server_are_studied_unless_they_are_here_too(checkout, ntuples, tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    shutil.copy(ntuples / "nominal0.root", served)
    target = "results/mine/tensors/normalisation.json"
    preset = PRESET | {"run": PRESET["run"] | {"variations": []}, "figures": {"mismodellings": []}}

    def study(*files, accepted=False):
        sample = PRESET["samples"]["mine"] | {"files": list(files), "jets_per_chunk": 1000}
        write(checkout, preset | {"samples": {"mine": sample}, "repeated_jets": accepted})

    with serving(served) as (address, _):
        url = f"{address}/nominal0.root"
        study(url)
        run = checkout.snakemake("--cores", "2", *SMOKE, "--", target)
        assert run.returncode == 0, run.stdout
        assert checkout.plan(*SMOKE, "--", target) == {}
        (checkout.folder / "mine.list").write_text("data/nominal[0].root\n")
        study(url, "@mine.list")
        run = checkout.snakemake("--cores", "2", *SMOKE, "--", target)
        (line,) = (line for line in run.stdout.splitlines() if line.startswith("robustag: "))
        assert re.match(
            rf"robustag: normalise: \d+ jets stand again, .* in {url} and data/nominal0\.root", line
        )
        study(url, "@mine.list", accepted=True)
        assert checkout.plan(*SMOKE, "--", target) == {"normalise": 1}
        run = checkout.snakemake("--cores", "2", *SMOKE, "--", target)
        assert run.returncode == 0, run.stdout
        # Another file at the same address.
        shutil.copy(ntuples / "nominal1.root", served / "nominal0.root")
        assert checkout.plan(*SMOKE, "--", target)["records_given"] == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda p: p["samples"]["mine"].update(format="cms"), "samples.mine: there is no format 'cms'"),
        (lambda p: p["samples"]["mine"].update(events=5), "takes no 'events'"),
        (lambda p: p["samples"]["mine"].update(select={"pt": [9, 5]}), "select.pt is .9, 5.: give the lower"),
        (lambda p: p["samples"]["mine"].update(select={"phi": [0, 5]}), "unknown key 'phi'"),
        (lambda p: p["samples"]["mine"].update(select={"where": "pt"}), "select.where: .* compares nothing"),
        (lambda p: p["samples"]["mine"].pop("files"), "samples.mine: 'files' is a required property"),
        (lambda p: p["samples"]["mine"].pop("format"), "samples.mine: 'format' is a required"),
        (lambda p: p["run"].update(variations=["fakes_up", "worse"]), "'fakes_up' changes the simulation"),
        (lambda p: p["run"].update(samples=["mine", "bb"]), "'worse' is given as files, and sample 'bb'"),
        (
            lambda p: p["variations"]["worse"].update(files={"bb": ["a"]}),
            "worse.files lacks the sample 'mine'",
        ),
        (lambda p: p.update(validation={"samples": {"mine": {}}}), "validation.samples names 'mine'"),
        (lambda p: p["run"].update(data=["yours"]), "run.data names 'yours', which samples lacks: use"),
        (lambda p: p["run"].update(data=["ttbar"]), "run.data names 'ttbar', which is simulated: name a"),
        (lambda p: p["run"].update(data=["mine"]), "run.data names 'mine', as run.samples does: jets are"),
        (lambda p: p["run"].update(data=["mine", "mine"]), "run.data: something stands twice"),
    ],
)
def test_what_cannot_be_studied_is_one_line(tmp_path, root, monkeypatch, change, complaint):
    monkeypatch.chdir(root)
    preset = yaml.safe_load(yaml.safe_dump(PRESET))
    change(preset)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(preset))
    files = [root / "config/config.yaml", root / "config/smoke.yaml", tmp_path / "mine.yaml"]
    with pytest.raises(InputError, match=f"config: .*{complaint}") as fault:
        check_configuration(read_configuration(files))
    assert "\n" not in str(fault.value)


@pytest.fixture
def clone(tmp_path):
    """A whole copy of the project, with its code."""
    for name in ("src/robustag", "scripts", "workflow", "config", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", tmp_path)
    return tmp_path


def test_a_format_of_ones_own_is_one_file(clone, table, monkeypatch):
    """The one that docs/formats.md shows."""
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    place, code = re.search(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL).groups()
    assert code.count("\n") <= 42
    (clone / place).write_text(code)
    (sample,) = re.findall(r"mine: (\{format: json_lines.*\})", page)
    random = np.random.default_rng(1)
    lines = [
        {
            "event": number // 2,
            "index": number % 2,
            "class": ("bottom", "charm", "light", "tau")[number % 4],
            "pt": random.uniform(20, 300),
            "eta": random.uniform(-2, 2),
            "inputs": dict(zip(table.names[:-1], random.random(table.size - 1).tolist(), strict=True)),
        }
        for number in range(400)
    ]
    (clone / "mine.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    mine = yaml.safe_load(sample) | {"files": ["mine.jsonl"], "jets_per_chunk": 150}
    run = {"samples": ["mine"], "variations": [], "scenarios": ["softer_jets"]}
    preset = {"study": "mine", "samples": {"mine": mine}, "run": run}
    (clone / "mine.yaml").write_text(yaml.safe_dump(preset))
    monkeypatch.setenv("PYTHONPATH", str(clone / "src"))
    project = Checkout.__new__(Checkout)
    project.folder = clone
    target = "results/mine/tensors/mine/nominal/0002.safetensors"
    run = project.snakemake("--cores", "2", "--notemp", "--configfile", "mine.yaml", "--", target)
    # Its last input is missing everywhere, and that is said.
    assert f"input '{table.names[-1]}' is missing for every training jet" in run.stdout
    for line in lines:
        line["inputs"][table.names[-1]] = random.random()
    (clone / "mine.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    run = project.snakemake("--cores", "2", "--notemp", "--configfile", "mine.yaml", "--", target)
    assert run.returncode == 0, run.stdout
    records = sorted((clone / "results/mine/records/mine/nominal").glob("*.safetensors"))
    assert len(records) == 3

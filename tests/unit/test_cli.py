"""The command line: what it prints, and how it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot
import yaml

from robustag.cli import main, read_configuration
from robustag.errors import InputError
from robustag.ntuples import read_provenance
from robustag.workflow.simulation import simulate_chunk

CONFIG = {
    "seed": 3,
    "generator": {"events_per_chunk": 10, "detector": {"tracker": "atlas_run1"}},
    "samples": {"bb": {"process": "bb", "events": 100, "pythia": ["PartonLevel:MPI = off"]}},
    "variations": {
        "worse": {"reason": "misalignment", "detector": {"d0_resolution": 1.5}},
        "harder": {"reason": "LEP", "generator": {"pythia": ["StringZ:rFactB = 0.67"]}},
        "fewer": {"reason": "dead modules", "records": {"track_loss": 0.05}},
        "softer": {"reason": "LEP, too", "weights": {"fragmentation": "frag:rFactB=0.95"}},
    },
    "run": {"variations": ["worse"]},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    return path


def _run(config: Path, *arguments: object) -> int:
    return main([*map(str, arguments), "--config", str(config)])


def test_variations_are_listed_with_kind_and_reason(config: Path, capsys: pytest.CaptureFixture) -> None:
    assert _run(config, "variations") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["*", "worse", "detector", "misalignment", "[d0_resolution", "=", "1.5]"]
    assert lines[1].split() == ["harder", "generator", "LEP", "[StringZ:rFactB", "=", "0.67]"]
    assert lines[2].split() == ["fewer", "records", "dead", "modules", "[track_loss", "=", "0.05]"]
    expected = ["softer", "weights", "LEP,", "too", "[fragmentation", "=", "frag:rFactB=0.95]"]
    assert lines[3].split() == expected


def test_weights_of_the_study_come_with_its_events(config: Path) -> None:
    """With weights Pythia makes other events: without those of the study they would not be its own."""

    def branches(*options: str) -> dict:
        out = config.parent / "made.root"
        assert _run(config, "generate", "--sample", "bb", "--events", "20", "--out", out, *options) == 0
        with uproot.open(out) as file:
            return file["Events"].arrays(library="np")

    assert not [name for name in branches() if name.startswith("PSWeight_")]
    asked = branches("--variation", "softer")
    config.write_text(yaml.safe_dump(CONFIG | {"run": {"variations": ["worse", "softer"]}}))
    selected = branches()
    assert np.array_equal(asked["PSWeight_softer"], selected["PSWeight_softer"])
    assert np.ptp(selected["PSWeight_softer"]) > 0
    assert [*asked["Jet_pt"][0]] == [*selected["Jet_pt"][0]]
    assert "PSWeight_softer" in branches("--variation", "worse"), "the same collisions"
    assert "PSWeight_softer" not in branches("--variation", "harder"), "others"


def test_changed_records_are_not_generated(config: Path, capsys: pytest.CaptureFixture) -> None:
    out = config.parent / "fewer.root"
    wanted = ("--sample", "bb", "--events", "10", "--variation", "fewer", "--out", out)
    assert _run(config, "generate", *wanted) == 2
    assert "variation 'fewer' changes nominal ntuples" in capsys.readouterr().err
    assert not out.exists()


def test_generated_files_differ_by_what_is_varied_only(config: Path, capsys: pytest.CaptureFixture) -> None:
    made = {}
    for name in ("nominal", "worse", "harder"):
        out = config.parent / f"{name}.root"
        arguments = [] if name == "nominal" else ["--variation", name]
        assert _run(config, "generate", "--sample", "bb", "--events", 40, "--out", out, *arguments) == 0
        with uproot.open(out) as file:
            made[name] = file["Events"].arrays()
        capsys.readouterr()
        assert main(["provenance", str(out)]) == 0
        provenance = json.loads(capsys.readouterr().out)
        assert (provenance["variation"], provenance["events"]) == (name, 40)
    assert made["nominal"].Jet_pt.to_list() == made["worse"].Jet_pt.to_list()
    assert made["nominal"].Track_D0.to_list() != made["worse"].Track_D0.to_list()
    assert made["nominal"].Jet_pt.to_list() != made["harder"].Jet_pt.to_list()


def test_pile_up_is_generated_with_a_pool_of_its_own(config: Path) -> None:
    preset = config.parent / "crowded.yaml"
    crowded = {"reason": "other collisions", "detector": {"pile_up": 3.0}}
    preset.write_text(yaml.safe_dump({"variations": {"crowded": crowded}, "minimum_bias": {"collisions": 5}}))
    out = config.parent / "crowded.root"
    wanted = ["--sample", "bb", "--events", "20", "--variation", "crowded", "--out", str(out)]
    assert main(["generate", *wanted, "--config", str(config), "--config", str(preset)]) == 0
    with uproot.open(out) as file:
        assert 30 < sum(file["Events/Pileup_nPU"].array()) < 90
    assert read_provenance(out)["detector"]["pile_up"] == 3.0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["generate", "--sample", "zz", "--events", "1", "--out", "x.root"],
            "no 'zz' among the samples; use bb",
        ),
        (
            ["generate", "--sample", "bb", "--events", "1", "--out", "x.root", "--variation", "up"],
            "no 'up' among the variations; use fewer, harder, softer, worse",
        ),
        (["generate", "--sample", "bb", "--events", "1", "--out", "no/x.root"], "no is not a folder"),
        (["variations"], "absent.yaml cannot be read"),
        (["provenance", "absent.root"], "absent.root is not a file"),
        (["calibrate", "absent.root"], "absent.root is not a file"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    config: Path, arguments: list[str], complaint: str, capsys: pytest.CaptureFixture
) -> None:
    if arguments == ["variations"]:
        arguments = ["variations", "--config", "absent.yaml"]
    elif arguments[0] == "generate":
        arguments = [*arguments, "--config", str(config)]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_events_must_be_a_positive_number(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["generate", "--sample", "bb", "--events", "0", "--out", "x.root"])
    assert stop.value.code == 2
    assert "'0' is not a positive whole number" in capsys.readouterr().err


def test_presets_add_to_dictionaries_and_replace_lists(tmp_path: Path) -> None:
    below, above = tmp_path / "a.yaml", tmp_path / "b.yaml"
    below.write_text("a: {x: 1, y: [1, 2]}\nb: 2\n")
    above.write_text("a: {y: [3], z: 4}\n")
    assert read_configuration([below, above]) == {"a": {"x": 1, "y": [3], "z": 4}, "b": 2}


def test_null_takes_away_what_a_preset_below_defines(config: Path, capsys: pytest.CaptureFixture) -> None:
    preset = config.parent / "fewer.yaml"
    preset.write_text("variations: {harder: null}\nrelative_cap: null\n")
    merged = read_configuration([config, preset])
    assert list(merged["variations"]) == ["worse", "fewer", "softer"]
    assert merged["relative_cap"] is None
    assert main(["variations", "--config", str(config), "--config", str(preset)]) == 0
    assert "harder" not in capsys.readouterr().out
    again = config.parent / "again.yaml"
    again.write_text(yaml.safe_dump({"variations": {"harder": CONFIG["variations"]["harder"]}}))
    assert read_configuration([config, preset, again])["variations"] == CONFIG["variations"]


@pytest.mark.process
def test_a_terminated_job_leaves_nothing(config: Path) -> None:
    out = config.parent / "bb.root"
    command = [sys.executable, "-m", "robustag.cli", "generate", "--sample", "bb", "--events", "100000"]
    with subprocess.Popen(
        [*command, "--out", str(out), "--config", str(config)], stderr=subprocess.PIPE
    ) as job:
        assert job.stderr.readline().startswith(b"250 of")
        assert [path.name for path in config.parent.iterdir() if path.suffix == ".root"] != ["bb.root"]
        job.terminate()
        job.communicate(timeout=60)
    assert job.returncode == 143
    assert [path.name for path in config.parent.iterdir()] == ["config.yaml"]


def test_a_sample_has_no_more_chunks_than_events(tmp_path: Path) -> None:
    generator = {"events_per_chunk": 50, "detector": {"tracker": "atlas_run1"}}
    arguments = {"root_seed": 1, "outputs": {"nominal": tmp_path / "x.root"}, "progress": print}
    with pytest.raises(InputError, match="sample 'bb' has no chunk 2"):
        simulate_chunk("bb", CONFIG["samples"]["bb"], generator, 2, **arguments)

"""The shape of the workflow: what a study plans, and how bad configurations are refused."""

import re

import pytest
import yaml
from tests.checkout import Checkout


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("fresh"))


def test_the_default_study_plans_every_model_seed_attack_and_scenario(fresh, root):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    run = config["run"]

    def chunks_of(events):
        return -(-events // config["generator"]["events_per_chunk"])

    chunks = chunks_of(config["samples"]["ttbar"]["events"])
    definitions = [config["variations"][name] for name in run["variations"]]
    generated = sum(chunks_of(variation["events"]) for variation in definitions if "generator" in variation)
    detected = chunks * sum("detector" in variation for variation in definitions)
    trainings = len(run["models"]) * len(run["seeds"])
    planned = fresh.plan()
    assert planned["generate"] == planned["summarise"] == chunks
    assert planned["generate_varied"] == generated
    assert planned["tensorise"] == chunks + detected + generated
    assert planned["train"] == planned["surface"] == trainings
    assert planned["attack"] == trainings * len(run["attacks"])
    assert planned["mismodel"] == trainings * len(run["scenarios"])
    assert planned["normalise"] == planned["claims"] == planned["summary"] == 1
    # metrics, curves, histograms, bins, calibration, confusion, audit, transfer, history, planes, geometry
    assert planned["collect"] == 11
    assert planned["transfer"] == trainings
    assert planned["spread"] == planned["audit_orders"] == 1
    figures = {f"fig_{name}" for name in re.findall(r"^rule fig_(\w+):", all_rules(root), re.MULTILINE)}
    assert len(figures) >= 13
    assert {rule for rule in planned if rule.startswith("fig_")} == figures


def all_rules(root):
    return "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))


def test_the_default_study_validates_its_simulation(fresh, root):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    size = config["generator"]["events_per_chunk"]
    chunks = sum(-(-sample["events"] // size) for sample in config["validation"]["samples"].values())
    planned = fresh.plan()
    assert planned["validate_generate"] == planned["validate_inputs"] == chunks
    assert planned["validate_truth"] == config["validation"]["chunks"]
    assert planned["validate_published"] == planned["validate_histograms"] == 1


def test_a_simulation_figure_needs_no_training(fresh):
    planned = fresh.plan("--configfile", "config/smoke.yaml", "--", "fig_simulation_vertices")
    assert planned == {
        "generate": 2,
        "validate_truth": 2,
        "validate_histograms": 1,
        "fig_simulation_vertices": 1,
    }


def test_one_figure_needs_what_leads_to_it_and_no_other_figure(fresh):
    planned = fresh.plan("--configfile", "config/smoke.yaml", "--", "fig_roc")
    assert planned["fig_roc"] == 1
    assert planned["train"] == 4
    assert [rule for rule in planned if rule.startswith("fig_")] == ["fig_roc"]
    assert "claims" not in planned


def test_the_training_history_needs_no_attack(fresh):
    planned = fresh.plan("--configfile", "config/smoke.yaml", "--", "fig_history")
    assert planned["train"] == 4
    assert not planned.keys() & {"attack", "mismodel", "surface"}


def test_presets_keep_apart(fresh):
    run = fresh.snakemake("--dry-run", "--configfile", "config/smoke.yaml", "--quiet", "host")
    assert "results/smoke/" in run.stdout
    assert "results/default/" not in run.stdout


def test_the_presets_of_the_readme_plan(fresh, root):
    presets = re.findall(r"```yaml\n(.*?)```", (root / "README.md").read_text(), re.DOTALL)
    assert presets
    for text in presets:
        (fresh.folder / "mine.yaml").write_text(text)
        assert fresh.plan("--configfile", "mine.yaml")["train"] > 0


@pytest.mark.parametrize(
    ("preset", "complaint"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"surface": {"width": "1e-3"}}, "'1e-3' is text, not a number; write 0.001"),
        ({"run": {"models": ["clean_nominal", "robust"]}}, "run.models names 'robust', which models lacks"),
        ({"epsilons": 0.1}, "epsilons: 0.1 is not a list"),
        ({"study": "../elsewhere"}, "study: '../elsewhere' does not match"),
        ({"features": "config/features/absent.yaml"}, "config/features/absent.yaml cannot be read"),
    ],
)
def test_bad_configurations_get_a_readable_line(tmp_path, preset, complaint):
    checkout = Checkout(tmp_path / "project")
    (checkout.folder / "preset.yaml").write_text(yaml.safe_dump(preset))
    run = checkout.snakemake("--dry-run", "--configfile", "preset.yaml")
    assert run.returncode != 0
    assert complaint in run.stdout
    assert "Traceback" not in run.stdout


def test_a_bad_feature_table_gets_a_readable_line(tmp_path):
    checkout = Checkout(tmp_path / "project")
    table = checkout.folder / "config/features/jet_flavor.yaml"
    table.write_text(table.read_text().replace("unit: GeV,", "unit: GeV, colour: red,", 1))
    run = checkout.snakemake("--dry-run")
    assert run.returncode != 0
    assert "config/features/jet_flavor.yaml: jet.0: unknown key 'colour'" in run.stdout
    assert "Traceback" not in run.stdout

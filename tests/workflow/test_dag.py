"""The shape of the workflow: what a study plans, and how bad configurations are refused."""

import math
import re
import shutil
import subprocess
import sys
from functools import partial

import pytest
import yaml
from tests.checkout import Checkout

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("fresh"))


def test_the_default_study_plans_every_model_seed_attack_and_scenario(fresh, root):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    run = config["run"]

    chunks = math.ceil(config["samples"]["ttbar"]["events"] / config["generator"]["events_per_chunk"])
    definitions = [config["variations"][name] for name in run["variations"]]
    generators = sum("generator" in variation for variation in definitions)
    weights = sum("weights" in variation for variation in definitions)
    assert weights
    varied = {kind: math.ceil(share * chunks) for kind, share in config["varied_share"].items()}
    trainings = len(run["models"]) * len(run["seeds"])
    pareto, frontier = (
        {(m, s) for m in set(run[kind]["models"]) - set(run["models"]) for s in seeds}
        for kind, seeds in (("pareto", run["pareto"]["seeds"]), ("frontier", run["seeds"]))
    )
    planned = fresh.plan()
    once = ("generate", "records", "summarise", "tensorise")
    assert [planned[rule] for rule in once] == [chunks] * 4
    by_generator = ("generate_varied", "records_varied", "tensorise_varied")
    assert [planned.get(rule, 0) for rule in by_generator] == [generators * varied["generator"]] * 3
    samples = 1 + len(run["variations"]) - weights + len(run["pseudo_data"])
    assert planned["index"] == samples, "weights are in the nominal tensors"
    by_change = ("vary_records", "records_changed", "tensorise_records")
    assert [planned[rule] for rule in by_change] == [varied["records"]] * 3
    assert pareto
    assert frontier
    certified = {(m, run["seeds"][0]) for m in set(run["certified"]) - set(run["models"])}
    assert certified
    assert planned["train"] == trainings + len(pareto | frontier | certified)
    assert planned["surface"] == planned["transfer"] == trainings, "the others enter nothing else"
    few = {
        (*training, attack)
        for kind, those in (("pareto", pareto), ("frontier", frontier))
        for training in those
        for attack in run[kind]["attacks"]
    }
    assert planned["attack"] == trainings * len(run["attacks"]) + len(few)
    assert planned["epochs"] == 2 * len(config["figures"]["pairs"]) * config["epochs"]["seeds"]
    assert planned["align"] == trainings
    assert planned["mismodel"] == trainings + len(frontier)
    assert planned["normalise"] == planned["inventory"] == planned["claims"] == planned["summary"] == 1
    # metrics, curves, histograms, bins, calibration, confusion, audit, transfer, certificates, distances,
    # alignment, spans, history, epochs, pareto, frontier, its bins, rates and agreement of pseudo-data,
    # planes, paths, geometry, surface_statistics, weights, groups, optimality, certified rates
    assert planned["collect"] == 27
    assert planned["groups"] == trainings
    compared = {run["frontier"]["nominal"], *run["frontier"]["models"]}
    assert planned["pseudo_data"] == len(compared) * len(run["seeds"])
    assert planned["certify"] == len(run["models"]) + len(certified), "first seed of compared models"
    assert planned["certify_rates"] == trainings + len(certified)
    assert planned["optimality"] == len(run["models"])
    others = len(config["figures"]["pairs"]) * (len(run["seeds"]) - 1)
    assert planned["distances"] == len(run["models"]) + others, "every seed of the nominal ones"
    assert planned["transfer"] == trainings
    assert planned["scenario_distances"] == 1
    assert planned["export"] == planned["spread"] == planned["audit_orders"] == planned["sizes"] == 1
    # It has no data to be compared with.
    names = re.findall(r"^ *rule fig_(\w+):", all_rules(root), re.MULTILINE)
    figures = {f"fig_{name}" for name in names if not name.startswith("data_")}
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


@pytest.mark.parametrize(
    ("preset", "pools"),
    [
        ("run: {variations: [ip_resolution_up, fsr_scale_down]}", 0),
        ("run: {variations: [ip_resolution_up, pile_up_on]}", 1),
        ("generator: {detector: {pile_up: 5.0}}", 1),
        ("validation: {detector: {pile_up: 5.0}}", 1),
    ],
)
def test_minimum_bias_is_made_once_and_only_where_pile_up_is(fresh, preset, pools):
    (fresh.folder / "mine.yaml").write_text(preset)
    planned = fresh.plan("--configfile", "config/smoke.yaml", "mine.yaml")
    assert planned.get("minimum_bias", 0) == pools
    assert planned["generate"] == 3


def test_the_preset_with_pile_up_varies_its_mean(fresh, root):
    planned = fresh.plan("--configfile", "config/pileup.yaml")
    preset = yaml.safe_load((root / "config/pileup.yaml").read_text())
    mean = preset["generator"]["detector"]["pile_up"]
    assert preset["variations"]["pile_up_up"]["detector"]["pile_up"] == pytest.approx(1.05 * mean)
    assert planned["minimum_bias"] == 1


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
    assert planned["train"] == 3
    assert [rule for rule in planned if rule.startswith("fig_")] == ["fig_roc"]
    assert "claims" not in planned


def test_the_training_history_needs_no_attack(fresh):
    planned = fresh.plan("--configfile", "config/smoke.yaml", "--", "fig_history")
    assert planned["train"] == 3
    assert not planned.keys() & {"attack", "mismodel", "surface"}


def test_certificates_need_models_and_no_attack(fresh):
    planned = fresh.plan("--configfile", "config/smoke.yaml", "--", "fig_certified")
    assert planned["certify"] == planned["train"] == 2
    assert not planned.keys() & {"attack", "transfer", "spread", "mismodel", "surface"}


def test_rates_are_bounded_in_boxes_alone(fresh):
    table = "results/smoke/tables/certified_rates.parquet"
    planned = fresh.plan("--configfile", "config/smoke.yaml", "--", table)
    assert planned["certify_rates"] == planned["train"] == 2
    assert not planned.keys() & {"attack", "certify", "spread"}


def test_recipes_are_compared_without_the_rest_of_the_study(fresh):
    planned = fresh.plan("--configfile", "config/smoke.yaml", "--", "fig_pareto")
    assert planned["train"] == 3
    assert planned["attack"] == 6
    assert not planned.keys() & {"mismodel", "surface", "epochs"}


def test_students_are_trained_behind_their_teachers_and_no_more_of_these_than_needed(fresh):
    """Of all seeds teach, or of the student's own one; who teaches alone enters nothing else."""
    student = {
        "network": {"name": "linear"},
        "loss": {"name": "cross_entropy"},
        "recipe": {"name": "distilled", "teachers": ["clean_linear"], "temperature": 1.0, "share": 1.0},
        "checkpoints": [],
    }
    single = student | {"recipe": student["recipe"] | {"single": True}}
    preset = {"models": {"pupil": student, "single": single}, "run": {"seeds": [1, 2, 3]}}
    (fresh.folder / "students.yaml").write_text(yaml.safe_dump(preset))
    for model, teachers in (("pupil", 3), ("single", 1)):
        target = f"results/smoke/models/{model}/seed2.safetensors"
        planned = fresh.plan("--configfile", "config/smoke.yaml", "students.yaml", "--", target)
        assert planned["train"] == teachers + 1
    preset["run"]["frontier"] = {"models": ["pupil"], "attacks": ["fgsm_subset"]}
    (fresh.folder / "students.yaml").write_text(yaml.safe_dump(preset))
    planned = fresh.plan("--configfile", "config/smoke.yaml", "students.yaml", "--", "fig_frontier")
    assert planned["train"] == 9, "three of the nominal model, of the student and of its teacher"
    assert planned["attack"] == 2 * 3


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


def test_a_network_is_added_as_the_readme_says(root, tmp_path, monkeypatch):
    text = (root / "README.md").read_text()
    example = re.search(r"```python\n# (src/robustag/models/networks/\w+\.py)\n(.*?)```", text, re.DOTALL)
    file, source = example.groups()
    line, name = re.search(r"```\n(  (\w+): \{<<: \*clean, .*\}\n)```", text).groups()
    checkout = Checkout(tmp_path / "project")
    shutil.copytree(root / "src", checkout.folder / "src")
    (checkout.folder / file).write_text(source)
    config = checkout.folder / "config/config.yaml"
    defined = config.read_text().replace("  clean_fgsm:", f"{line}  clean_fgsm:", 1)
    config.write_text(defined.replace("  models: [", f"  models: [{name}, ", 1))
    monkeypatch.setenv("PYTHONPATH", str(checkout.folder / "src"))
    assert checkout.plan("--", f"results/default/models/{name}/seed1.safetensors")["train"] == 1
    selected = yaml.safe_load(config.read_text())["run"]
    planned = checkout.plan("--", "fig_history")
    assert planned["train"] == len(selected["models"]) * len(selected["seeds"])
    build = f"""
import torch, yaml
from robustag.models import build_model
network = yaml.safe_load(open("config/config.yaml"))["models"]["{name}"]["network"]
print(build_model(network, 184, seed=1)(torch.zeros(2, 184)).shape)
"""
    run = subprocess.run([sys.executable, "-c", build], cwd=checkout.folder, capture_output=True, text=True)
    assert run.stdout == "torch.Size([2, 3])\n", run.stderr


def test_an_attack_is_added_as_the_readme_says(root, tmp_path, monkeypatch):
    """One file, one line of the catalogue, one line of the configuration; what it does not concern stays."""
    text = (root / "README.md").read_text()
    example = re.search(r"```python\n# (src/robustag/attacks/(\w+)\.py)\n(.*?)```", text, re.DOTALL)
    file, name, source = example.groups()
    entry = re.search(r"```\n(    AttackInfo\(.*\),\n)```", text)[1]
    line = re.search(rf"```\n(  {name}: \{{.*\}}\n)```", text)[1]
    checkout = Checkout(tmp_path / "project")
    shutil.copytree(root / "src", checkout.folder / "src")
    monkeypatch.setenv("PYTHONPATH", str(checkout.folder / "src"))
    run = partial(subprocess.run, cwd=checkout.folder, capture_output=True, text=True, check=True)
    others = (
        "from robustag.workflow.fingerprints import *\n"
        "print(code_fingerprint('scripts/train.py'), code_fingerprint('scripts/attack.py'),"
        " attack_fingerprint({'name': 'fgsm'}), recipe_fingerprint({'name': 'fgsm'}))"
    )
    before = run([sys.executable, "-c", others]).stdout
    (checkout.folder / file).write_text(source)
    catalogue = checkout.folder / "src/robustag/attacks/catalogue.py"
    catalogue.write_text(catalogue.read_text().replace("_ENTRIES = (\n", f"_ENTRIES = (\n{entry}", 1))
    config = checkout.folder / "config/config.yaml"
    defined = config.read_text().replace("attacks:\n  noise:", f"attacks:\n{line}  noise:", 1)
    config.write_text(defined.replace("  attacks:\n    [noise,", f"  attacks:\n    [{name}, noise,", 1))
    study = yaml.safe_load(config.read_text())
    assert run([sys.executable, "-c", others]).stdout == before
    target = f"results/default/attacks/clean_nominal/seed1/{name}.metrics.parquet"
    assert checkout.plan("--", target)["attack"] == 1
    trainings = len(study["run"]["models"]) * len(study["run"]["seeds"])
    assert checkout.plan("--", "results/default/tables/audit.parquet")["attack"] == (
        trainings * len(study["run"]["attacks"])
    )
    perturb = f"""
import torch
from robustag.attacks import AttackDefinition, Budget, {name}
from robustag.attacks.listing import plain
from robustag.attacks.labels import perturbation_label
definition = AttackDefinition.of({study["attacks"][name]})
model = torch.nn.Linear(5, 3)
x, y = torch.randn(50, 5), torch.randint(0, 3, (50,))
moved = {name}(model, x, y, Budget.around(x, 0.1), **definition.options)
print(0 < float((moved - x).abs().max()) <= 0.1001, definition.on_the_model, perturbation_label("{name}"))
print("{name}" in plain())
"""
    assert run([sys.executable, "-c", perturb]).stdout == "True False random corners\nTrue\n"
    wrong = config.read_text().replace(line, line.replace("share:", "shares:"), 1)
    config.write_text(wrong)
    refused = checkout.snakemake("-n")
    assert f"attacks.{name}: attack '{name}' takes no 'shares' (like share)" in refused.stdout


def test_an_edit_of_a_network_concerns_its_own_trainings(root, tmp_path, monkeypatch):
    checkout = Checkout(tmp_path / "project")
    shutil.copytree(root / "src", checkout.folder / "src")
    monkeypatch.setenv("PYTHONPATH", str(checkout.folder / "src"))
    ask = (
        "from robustag.workflow.fingerprints import code_fingerprint as f\n"
        "from robustag.workflow.definitions import network_source as n\n"
        "print(f('scripts/train.py'), f(n('mlp')), f(n('linear')))"
    )
    command = [sys.executable, "-c", ask]
    before = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    with (checkout.folder / "src/robustag/models/networks/linear.py").open("a") as module:
        module.write("CHANGED = True\n")
    after = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert before[:2] == after[:2]
    assert before[2] != after[2]


@pytest.mark.parametrize(
    ("preset", "complaint"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"surface": {"width_aligned": "1e-3"}}, "'1e-3' is text, not a number; write 0.001"),
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
    assert "config/features/jet_flavor.yaml: blocks.0.variables.0: unknown key 'colour'" in run.stdout
    assert "Traceback" not in run.stdout


def test_the_papers_size_is_planned_in_few_jobs_a_stage(tmp_path):
    """11.5 million jets in 230 chunks, every variation, 35 models, five seeds, and the certified model."""
    planned = Checkout(tmp_path / "study").plan("--configfile", "config/paper.yaml")
    assert planned["generate"] == 230
    assert planned["train"] == 35 * 5 + 1
    assert max(jobs for rule, jobs in planned.items() if rule != "total") < 600


def test_jobs_ask_for_memory_by_their_part_of_the_split(tmp_path):
    """A fiftieth for the test, and not a fifth."""
    checkout, asked = Checkout(tmp_path / "study"), []
    for test in (0.2, 0.02):
        study = {
            "samples": {"ttbar": {"events": 2_000_000}},
            "generator": {"events_per_chunk": 2_000_000},
            "split": [0.98 - test, 0.02, test],
        }
        (checkout.folder / "study.yaml").write_text(yaml.safe_dump(study))
        configured = ("--configfile", "config/smoke.yaml", "study.yaml")
        # Without a profile, which is quiet.
        run = checkout.snakemake("--dry-run", "--workflow-profile", "none", *configured, "--until", "attack")
        blocks = re.findall(r"^rule (train|attack):.*?mem_mb=(\d+)", run.stdout, re.MULTILINE | re.DOTALL)
        asked.append({rule: int(memory) for rule, memory in blocks})
    # Ten million jets.
    more, fewer = asked
    assert more["attack"] - fewer["attack"] == pytest.approx(9 * (fewer["attack"] - 1200), rel=0.01)
    assert fewer["train"] - more["train"] == pytest.approx((more["train"] - 2000) * 0.18 / 0.8, rel=0.01)


@pytest.mark.parametrize("absent", [("D0D0",), ("Z0", "PHI")], ids="-".join)
def test_a_study_with_a_smaller_table_is_planned(fresh, root, absent):
    """Without some variables of tracks, and what is about them."""
    document = yaml.safe_load((root / "config/features/jet_flavor.yaml").read_text())
    track = document["blocks"][1]
    del track["order_by"], document["relations"]
    track["variables"] = [
        variable
        for variable in track["variables"]
        if variable["name"] not in absent and not any(name in str(variable.get("role")) for name in absent)
    ]
    (fresh.folder / "small.yaml").write_text(yaml.safe_dump(document))
    inputs = ["track_*_D0"]
    (fresh.folder / "mine.yaml").write_text(
        yaml.safe_dump(
            {
                "study": "mine",
                "features": "small.yaml",
                "scenarios": {"impact_parameter_smearing": {"inputs": inputs}},
                "models": {"clean_set_transformer": {"network": {"pairs": ["D0", "THETA"]}}},
            }
        )
    )
    planned = fresh.plan("--configfile", "mine.yaml")
    assert planned["train"] > 1
    assert planned["claims"] == planned["fig_surface"] == 1

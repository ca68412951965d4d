"""The profiles for clusters and workstations: each plans the study, and keeps to what was learnt."""

import os
import re
import sys
from pathlib import Path

import pytest
import yaml
from tests.checkout import Checkout

PLUGINS = Path(sys.prefix) / "cluster"
GPU_RULES = {"train", "attack", "transfer", "mismodel", "surface"}


def profiles(root) -> dict[str, dict]:
    return {
        path.parent.name: yaml.safe_load(path.read_text()) for path in root.glob("profiles/*/config.yaml")
    }


@pytest.mark.process
@pytest.mark.parametrize("name", ["htcondor", "workstation"])
def test_a_profile_plans_the_study(name, tmp_path, monkeypatch):
    if name == "htcondor":
        if not (PLUGINS / "htcondor2").is_dir():
            pytest.skip("the plugin for HTCondor is not installed: tests/slurm/install.sh")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PLUGINS), os.environ.get("PYTHONPATH", "")]))
    plan = Checkout(tmp_path / "study").plan(
        *("--workflow-profile", f"profiles/{name}", "--cores", "8", "--configfile", "config/smoke.yaml")
    )
    assert plan.keys() >= GPU_RULES


def test_profiles_with_gpus_ask_for_one_where_it_helps(root):
    for name, key in (("slurm-gpu", "gpu"), ("workstation", "gpu"), ("htcondor", "request_gpus")):
        asked = {
            rule: resources[key]
            for rule, resources in profiles(root)[name]["set-resources"].items()
            if key in resources
        }
        assert asked == dict.fromkeys(GPU_RULES, 1), name


def test_jobs_are_repeated_by_the_profile_and_never_by_a_rule(root):
    """A rule's own retries run inside the old Slurm allocation, with the memory that was too little."""
    for path in [root / "workflow/Snakefile", *root.glob("workflow/rules/*.smk")]:
        assert "retries:" not in path.read_text(), path
    for name in ("slurm", "slurm-gpu", "htcondor"):
        assert profiles(root)[name]["retries"] >= 1
        assert "slurm-array-jobs" not in profiles(root)[name]


def test_the_two_profiles_for_slurm_differ_in_gpus_alone(root):
    plain, gpu = profiles(root)["slurm"], profiles(root)["slurm-gpu"]
    differing = {key for key in plain.keys() | gpu.keys() if plain.get(key) != gpu.get(key)}
    assert differing == {"set-resources", "slurm-partition-config"}


def test_redrawing_runs_what_reads_tables_alone(root):
    """Figures, verdicts and summary; a new figure belongs there as well."""
    rules = "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    figures = set(re.findall(r"^ *rule (fig_\w+):", rules, re.MULTILINE))
    assert set(profiles(root)["redraw"]["allowed-rules"]) == figures | {"claims", "summary", "all"}

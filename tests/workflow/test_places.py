"""Where the project may stand and be used: in odd folders, apart from its clone, inside other workflows."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.checkout import Checkout, OddCheckout

from robustag.cli import main

pytestmark = pytest.mark.process

SMOKE = ("--configfile", "config/smoke.yaml")


@pytest.fixture
def installed(root, tmp_path, monkeypatch) -> Path:
    """The package as its wheel has it, away from the project, in use."""
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["src/robustag"]}
    package = tmp_path / "installed/robustag"
    shutil.copytree(root / "src/robustag", package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    return package


@pytest.fixture
def clone(root, tmp_path) -> Checkout:
    """A checkout that has the sources of the package as well."""
    checkout = Checkout(tmp_path / "clone")
    (checkout.folder / "src").symlink_to(root / "src")
    return checkout


def fingerprints(root) -> str:
    """Fingerprints of code as a job would carry them, with the package that PYTHONPATH names."""
    ask = """
import sys
from robustag.workflow.fingerprints import attack_fingerprint, code_fingerprint
from robustag.workflow.definitions import network_source
print([code_fingerprint(f"scripts/{name}.py") for name in ("train", "generate", "fig_roc")])
print(code_fingerprint(network_source("mlp")))
print(attack_fingerprint({"name": "fgsm"}))
"""
    return subprocess.run(
        [sys.executable, "-c", ask], cwd=root, capture_output=True, text=True, check=True
    ).stdout


def test_a_study_is_planned_alike_with_the_package_installed_apart(root, installed, clone, monkeypatch):
    assert clone.plan(*SMOKE)["train"] > 0
    apart = fingerprints(root)
    monkeypatch.setenv("PYTHONPATH", str(root / "src"))
    assert fingerprints(root) == apart


def test_a_package_that_is_not_the_clones_is_refused_in_a_line(installed, clone):
    module = installed / "attacks/gradient.py"
    source = module.read_text()
    module.write_text(f"# another comment\n{source}")
    assert clone.plan(*SMOKE)
    module.write_text(f"{source}\nSTEPS = 3\n")
    run = clone.snakemake("--dry-run", *SMOKE)
    assert run.returncode != 0
    assert f"robustag is installed in {installed}, and its attacks/gradient.py is not that of" in run.stdout
    assert "Traceback" not in run.stdout
    module.write_text(source)
    (installed / "attacks/own.py").write_text("")
    assert "its attacks/own.py is not that of" in clone.snakemake("--dry-run", *SMOKE).stdout


def test_a_package_installed_apart_offers_its_types(installed):
    assert (installed / "py.typed").is_file()


def test_the_command_works_in_any_folder(root, installed, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.yaml").write_text("study: mine\n")
    ntuple = elsewhere / "mine.root"
    made = ("generate", "--sample", "bb", "--events", "20", "--out", str(ntuple))
    assert main([*made, "--config", str(root / "config/config.yaml")]) == 0
    for config in ([], ["--config", str(root / "config/config.yaml")]):
        run = subprocess.run(
            [sys.executable, "-m", "robustag.cli", "check", *config, "mine.yaml", "mine.root"],
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith("mine.yaml: study 'mine'\nmine.root: ")


@pytest.mark.parametrize(
    ("file", "name"), [("Snakefile", "rt_*"), ("workflow/Snakefile", "*_of_tagging"), ("Snakefile", "*")]
)
def test_another_workflow_has_all_of_it_under_names_of_its_own(root, tmp_path, file, name):
    (tmp_path / "Snakefile").write_text(f"""
module robustag:
    snakefile: "{root}/{file}"

use rule * from robustag as {name}
""")
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    # Those of data are there where a study has data.
    files = [path for path in (root / "workflow/rules").glob("*.smk") if path.stem != "data"]
    rules = "".join(path.read_text() for path in files)
    figures = set(re.findall(r"^rule (fig_\w+):", rules, re.MULTILINE))
    planned = re.findall(r"^(\w+) +\d+$", run.stdout, re.MULTILINE)
    assert {name.replace("*", each) for each in {*figures, "all", "claims"}} <= set(planned)


def test_figures_are_noted_under_their_names_and_are_drawn_at_once(root):
    """They take seconds, less than a place in the queue of a cluster."""
    for file in (root / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"\n(?= *rule )", file.read_text()):
            if named := re.match(r" *rule (fig_\w+):", rule):
                assert re.search(rf'\*\*figure\(\s*"{named[1]}"', rule), named[1]
                assert "    localrule: True\n" in rule, named[1]


@pytest.fixture(scope="module")
def odd(root, tmp_path_factory) -> Path:
    """A checkout in a folder whose name means something to shells, with an environment of its own in it."""
    folder = OddCheckout(tmp_path_factory.mktemp("odd")).folder
    for name in ("Makefile", "README.md", "src", "envs", "pyproject.toml"):
        (folder / name).symlink_to(root / name)
    (folder / ".venv/installed").touch()
    return folder


def test_make_finds_its_environment_in_a_folder_of_any_name(odd):
    run = subprocess.run(
        ["make", "--no-print-directory", "smoke", "SNAKEMAKE=python -c 'import sys; print(sys.prefix)'"],
        cwd=odd,
        env=os.environ | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[-1] == str(odd / ".venv")

"""One list of versions serves pip, conda and apptainer, and it is what runs here."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
import yaml
from packaging.requirements import Requirement


@pytest.fixture
def locked(root):
    lines = (root / "envs/requirements.lock").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_lock_satisfies_every_range_of_the_package(root, locked):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    for line in wanted:
        requirement = Requirement(line)
        assert requirement.name in locked, f"{requirement.name} is not locked"
        assert requirement.specifier.contains(locked[requirement.name]), line


def test_what_the_study_rests_on_is_pinned(locked):
    assert locked["torch"] == "2.13.0"
    assert locked["pythia8mc"] == "8.317.2"


def test_this_environment_is_the_locked_one(locked):
    def here(name):
        try:
            return version(name).split("+")[0]  # torch says how it was built: 2.13.0+cpu
        except PackageNotFoundError:
            return None

    assert {name: here(name) for name in locked} == locked


def test_conda_and_apptainer_install_the_lock_and_nothing_else(root):
    environment = yaml.safe_load((root / "envs/environment.yaml").read_text())
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert [line for line in pip if not line.startswith("--")] == ["-r requirements.lock"]
    python = next(item for item in environment["dependencies"] if str(item).startswith("python="))
    definition = (root / "envs/apptainer.def").read_text()
    assert f"python:{python.split('=')[1]}-slim" in definition
    installs = re.findall(r"pip install (.*)", definition)
    assert installs == [
        "--no-cache-dir --prefer-binary -r /opt/robustag/requirements.lock",
        "--no-cache-dir --no-deps /opt/robustag",
    ]

"""One list of versions serves pip, conda and apptainer, and it is what runs here."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^(\S+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


@pytest.fixture
def locked(root):
    pins = PIN.findall((root / "envs/requirements.lock").read_text())
    torch = re.search(r"^torch==(\S+)$", (root / "envs/torch.lock").read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version, _ in pins} | {"torch": torch[1]}


@pytest.mark.parametrize("lock", ["requirements.lock", "cluster.lock"])
def test_every_pin_carries_hashes(root, lock):
    text = (root / "envs" / lock).read_text()
    assert len(PIN.findall(text)) == text.count("==")


def test_the_lock_satisfies_every_range_of_the_package(root, locked):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for line in project["dependencies"] + extras["test"] + extras["docs"]:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is not locked"
        assert requirement.specifier.contains(locked[name]), line


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
    python, make = environment["dependencies"]
    assert make == "make"
    definition = (root / "envs/apptainer.def").read_text()
    assert f"python:{python.split('=')[1]}-slim" in definition
    ways = [definition, (root / "Makefile").read_text()]
    for way in ways:
        installs = re.findall(r"(?:pip|\(PIP\)) install (.*)", way)
        assert re.search("--no-deps --require-hashes -r .*requirements.lock", installs[0])
        assert re.search("-r .*torch.lock", installs[1])
        assert "--no-deps" in installs[2]

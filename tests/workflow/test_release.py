"""The version is said in one place, and what quotes it agrees."""

import re
import tomllib

import yaml

import robustag


def test_citation_and_changes_are_of_this_version(root):
    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == robustag.__version__
    newest = re.search(r"^## (\S+)$", (root / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert newest == robustag.__version__


def test_packaging_reads_it_from_the_library(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/robustag/__init__.py"

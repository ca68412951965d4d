"""Where the files stand that a configuration names."""

import pytest

from robustag.cli import read_configuration
from robustag.workflow.places import PACKAGE, located


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a configuration, and another folder to work in."""
    folder = tmp_path / "project"
    (folder / "config/features").mkdir(parents=True)
    (folder / "config/features/mine.yaml").write_text("")
    (folder / "config/config.yaml").write_text(
        "features: config/features/mine.yaml\n"
        "validation: {published: config/reference/published_moments.csv}\n"
    )
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return folder


def test_from_the_project_of_the_configuration_or_from_the_package(project):
    config = read_configuration([project / "config/config.yaml"])
    assert config["features"] == str(project / "config/features/mine.yaml")
    assert config["validation"]["published"] == str(PACKAGE / "config/reference/published_moments.csv")


def test_the_current_folder_counts_first_as_for_snakemake(project, tmp_path):
    own = tmp_path / "here/config/features/mine.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("")
    assert read_configuration([project / "config/config.yaml"])["features"] == "config/features/mine.yaml"


def test_a_preset_may_name_what_stands_beside_it(project, tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/table.yaml").write_text("")
    (tmp_path / "presets/mine.yaml").write_text("features: table.yaml\n")
    config = read_configuration([project / "config/config.yaml", tmp_path / "presets/mine.yaml"])
    assert config["features"] == str(tmp_path / "presets/table.yaml")


def test_what_is_nowhere_keeps_its_name(project):
    assert located("config/absent.yaml", [project]) == "config/absent.yaml"
    (project / "config/config.yaml").write_text("features: 3\nvalidation: none\n")
    assert read_configuration([project / "config/config.yaml"]) == {"features": 3, "validation": "none"}

"""Settings of a study become objects whose fields are known."""

from dataclasses import dataclass

import pytest

from robustag.documents import read_document
from robustag.errors import InputError
from robustag.evaluation.settings import Evaluation
from robustag.registry import settings_of
from robustag.surface import Surface


@dataclass(frozen=True)
class Inner:
    steps: int


@dataclass(frozen=True)
class Outer:
    width: float
    inner: Inner
    points: int = 5


def test_a_section_becomes_a_dataclass_inner_ones_included():
    assert settings_of(Outer, {"width": 1.0, "inner": {"steps": 2}}, "outer") == Outer(1.0, Inner(2))


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        (
            {"width": 1.0, "inner": {"steps": 2}, "point": 3},
            r"unknown key in outer 'point' \(like points\)",
        ),
        ({"width": 1.0}, "outer lacks inner: add what is missing"),
        ({"width": 1.0, "inner": {}}, r"outer\.inner lacks steps"),
        ({"width": 1.0, "inner": {"step": 2}}, r"unknown key in outer\.inner 'step' \(like steps\)"),
    ],
)
def test_a_key_too_many_or_too_few_is_one_clear_line(section, fault):
    with pytest.raises(InputError, match=fault):
        settings_of(Outer, section, "outer")


def test_sections_of_the_default_study_are_what_the_library_takes(root):
    config = read_document(root / "config/config.yaml")
    surface = settings_of(Surface, config["surface"], "surface")
    assert surface.boundary.steps == config["surface"]["boundary"]["steps"]
    evaluation = settings_of(Evaluation, config["evaluation"] | {"seed": 1}, "evaluation")
    assert evaluation.mistags == config["evaluation"]["mistags"]

"""Who learns from whom."""

import pytest

from robustag.workflow.teachers import lineage, seen_variations, teacher_faults, teachers_of


def config_of(**teachers):
    return {
        "models": {name: {"recipe": {"teachers": some} if some else {}} for name, some in teachers.items()}
    }


def test_a_lineage_is_the_model_and_all_it_descends_from():
    config = config_of(a=[], b=["a"], c=["a", "b"], d=["c", "a"], e=[])
    assert teachers_of(config, "d") == ["c", "a"]
    assert lineage(config, "a") == ["a"]
    assert lineage(config, "d")[0] == "d"
    assert sorted(lineage(config, "d")) == ["a", "b", "c", "d"]
    assert list(teacher_faults(config)) == []


def test_a_student_has_seen_what_its_teachers_have():
    config = config_of(a=[], b=["a"], c=["b"])
    config["models"]["a"]["recipe"]["variations"] = ["up", "down"]
    config["models"]["c"]["recipe"]["variations"] = ["tails"]
    seen = {name: seen_variations(config, name) for name in "abc"}
    assert seen == {"a": {"up", "down"}, "b": {"up", "down"}, "c": {"up", "down", "tails"}}


@pytest.mark.parametrize(
    ("teachers", "fault"),
    [
        ({"a": [], "b": ["aa"]}, "models.b.recipe.teachers: unknown model 'aa'"),
        ({"a": ["a"]}, "models.a.recipe.teachers: a teaches a, and none can be trained first"),
        ({"a": ["b"], "b": ["a"]}, "teaches"),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}, "teaches"),
    ],
)
def test_each_fault_is_one_line(teachers, fault):
    (line,) = teacher_faults(config_of(**teachers))
    assert fault in line
    assert "\n" not in line

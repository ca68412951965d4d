"""Conditions on jets: what they mean, and that nothing else is taken."""

import ast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustag.errors import InputError
from robustag.readers.conditions import Condition

COLUMNS = {
    "pt": np.array([10.0, np.nan, 30.0], np.float32),
    "eta": np.array([1.0, 2.0, -3.0]),
    "flavour": np.array([5, 4, 0], np.uint8),
    "jets.good": np.array([True, False, True]),
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("eta < 2", [1, 0, 1]),
        ("abs(eta) <= 2", [1, 1, 0]),
        ("1 < eta <= 2", [0, 1, 0]),
        ("flavour in [4, 5]", [1, 1, 0]),
        ("flavour not in (4, 5)", [0, 0, 1]),
        ("eta in [-3, 2.0]", [0, 1, 1]),
        ("eta in []", [0, 0, 0]),
        ("not eta < 2 or flavour == 5", [1, 1, 0]),
        ("eta < 0 and flavour == 0", [0, 0, 1]),
        ("min(eta, flavour) >= 1", [1, 1, 0]),
        ("max(eta, flavour, 4.5) > 4.5", [1, 0, 0]),
        ("sqrt(flavour) == 2 or log(eta) == 0", [1, 1, 0]),
        ("flavour % 2 == 1", [1, 0, 0]),
        ("flavour & 4 == 4", [1, 1, 0]),
        ("jets.good == 1", [1, 0, 1]),
        ("jets.good > 0 and eta + 1 > 0", [1, 0, 0]),
        ("eta\n  < 2", [1, 0, 1]),
        # Unsigned and small integers do not overflow, truths are numbers.
        ("flavour - 5 < 0", [0, 1, 1]),
        ("-flavour < 0", [1, 1, 0]),
        ("100 * flavour == 500", [1, 0, 0]),
        ("abs(flavour - 5) == 1", [0, 1, 0]),
        ("-jets.good < 0", [1, 0, 1]),
        # A number that does not exist compares with nothing.
        ("pt == pt", [1, 0, 1]),
        ("pt != 10", [0, 0, 1]),
        ("pt < 20 or pt >= 20", [1, 0, 1]),
        ("pt in [10]", [1, 0, 0]),
        ("pt not in [10]", [0, 0, 1]),
        ("5 < pt < 20", [1, 0, 0]),
        ("not pt > 5", [0, 1, 0]),
        ("max(pt, eta) > 0", [1, 0, 1]),
        # Nor does what has no result.
        ("sqrt(eta) > 0", [1, 1, 0]),
        ("1 / flavour < 1", [1, 1, 0]),
    ],
)
def test_a_condition_keeps_the_jets_that_it_says(text, kept):
    untouched = {name: column.copy() for name, column in COLUMNS.items()}
    found = Condition(text)(COLUMNS)
    assert found.dtype == bool
    assert found.astype(int).tolist() == kept
    for name, column in COLUMNS.items():
        np.testing.assert_array_equal(column, untouched[name])


def test_columns_are_named_once_in_their_order():
    assert Condition("b < a and jets.pt > b or abs(min(c, a)) > 1").columns == ["b", "a", "jets.pt", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true') < 1",
        "open(pt) < 1",
        "pt.__class__(3) < 2",
        "abs(pt).real < 1",
        "(lambda: 1)() < pt",
        "(x := 3) < pt",
        "[x for x in [pt]] < 1",
        "pt < 'a'",
        "pt < f'{eta}'",
        "pt < b'a'",
        "pt < 1j",
        "pt < None",
        "pt < ...",
        "pt < 1" + "0" * 400,
        "pt[0] < 1",
        "{1: pt} < 1",
        "pt if eta else flavour",
        "pt ** 2 < 3",
        "pt // 2 < 3",
        "pt | 2 < 3",
        "pt << 2 < 3",
        "~pt < 3",
        "pt @ eta < 3",
        "pt is eta",
        "pt in eta",
        "pt in [eta]",
        "pt in ['a']",
        "pt in [1, [2]]",
        "[1] < pt",
        "pt < [1]",
        "pt in [4] < eta",
        "(pt < 1, eta < 1)",
        "abs() < pt",
        "abs(pt, eta) < 1",
        "min(pt) < 1",
        "abs(*pt) < 1",
        "abs(x=pt) < 1",
        "sum(pt, eta) < 1",
        "await pt < 1",
    ],
)
def test_anything_else_is_refused_by_what_it_holds(text):
    with pytest.raises(InputError, match=r"^the condition '.*(holds|cannot be computed)") as refused:
        Condition(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot be computed"),
        ("pt <", "cannot be computed"),
        ("pt < 1; eta", "cannot be computed"),
        ("pt < 1\nimport os", "cannot be computed"),
        ("pt \0 < 1", "cannot be computed"),
        ("(" * 300 + "pt" + ")" * 300 + " < 1", "cannot be computed"),
        ("not " * 50_000 + "pt < 1", "cannot be computed"),
        ("pt < 1 / 0", "cannot be computed"),
        ("pt < 5 % 0", "cannot be computed"),
        ("flavour + 9000000000000000000 * 9000000000000000000 > 1", "cannot be computed"),
        ("5 < 6", "names no column"),
        ("pt", "compares nothing"),
        ("-pt", "compares nothing"),
        ("abs(pt)", "compares nothing"),
        ("pt and eta < 1", "joins what does not compare"),
        ("not pt", "joins what does not compare"),
    ],
)
def test_what_is_no_condition_is_one_line(text, complaint):
    with pytest.raises(InputError, match=complaint) as refused:
        Condition(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600


@given(st.text(max_size=40))
def test_no_text_is_anything_but_a_condition_or_refused(text):
    try:
        columns = Condition(text).columns
    except InputError:
        return
    assert columns
    assert all(name in text for name in columns)


_NUMBERS = st.one_of(st.sampled_from(["a", "b"]), st.integers(-9, 9).map(str))
_SUMS = st.recursive(
    _NUMBERS,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from("+-*"), part).map(lambda p: f"({' '.join(p)})"),
        part.map(lambda p: f"abs({p})"),
        part.map(lambda p: f"-{p}"),
        st.tuples(part, part).map(lambda p: f"max({p[0]}, {p[1]})"),
    ),
    max_leaves=6,
)
_COMPARISONS = st.tuples(_SUMS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _SUMS).map(" ".join)
_CONDITIONS = st.recursive(
    _COMPARISONS,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["and", "or"]), part).map(lambda p: f"({' '.join(p)})"),
        part.map(lambda p: f"not ({p})"),
    ),
    max_leaves=4,
)


@given(_CONDITIONS, st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=5))
def test_jets_are_kept_as_python_would_one_by_one(text, jets):
    if not any(isinstance(node, ast.Name) and node.id in "ab" for node in ast.walk(ast.parse(text))):
        text = f"({text}) and a == a"
    found = Condition(text)({"a": np.array([a for a, _ in jets]), "b": np.array([b for _, b in jets])})
    # Trusted, for it is made here.
    wanted = [bool(eval(text, {"abs": abs, "max": max}, {"a": a, "b": b})) for a, b in jets]
    assert found.tolist() == wanted

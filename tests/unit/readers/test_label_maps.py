"""Flavours by what a file says."""

import numpy as np
import pytest

from robustag.errors import InputError
from robustag.readers.labels import LabelMap
from robustag.workflow.definitions import format_faults


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float32])
def test_values_of_a_branch_are_flavours_and_others_are_none(kind):
    labels = LabelMap.parse({"branch": "f", "b": [5, 55], "c": [4], "light": [0, 21]})
    assert labels.columns == ["f"]
    found = labels({"f": np.array([5, 4, 0, 15, 21, 55], kind), "other": np.zeros(6)})
    assert found.tolist() == [0, 1, 2, -1, 2, 0]
    assert found.dtype == np.int64


def test_a_value_that_does_not_exist_is_no_flavour():
    labels = LabelMap.parse({"branch": "f", "b": [5], "c": [4], "light": [0]})
    assert labels({"f": np.array([np.nan, 5.0])}).tolist() == [-1, 0]


def test_texts_may_be_values():
    labels = LabelMap.parse({"branch": "f", "b": ["b"], "c": ["c"], "light": ["g", "uds"]})
    assert labels({"f": np.array(["uds", "b", "tau"])}).tolist() == [2, 0, -1]


def test_flags_are_flavours_and_the_first_of_several_wins():
    labels = LabelMap.parse({"b": ["isB", "isBB"], "c": ["isC"], "light": ["isUD"]})
    assert labels.columns == ["isB", "isBB", "isC", "isUD"]
    flags = {"isB": [0, 1, 0, 0, 0], "isBB": [1, 0, 0, 0, 0], "isC": [1, 0, 1, 0, 0], "isUD": [1, 1, 1, 1, 0]}
    assert labels({name: np.array(each) for name, each in flags.items()}).tolist() == [0, 0, 1, 2, -1]


def test_values_without_a_branch_are_found_before_anything_runs():
    with pytest.raises(InputError, match="labels list 5, which names no branch"):
        LabelMap.parse({"b": [5], "c": [4], "light": [0]})
    sample = {"format": "generated", "files": ["x"], "labels": {"b": [5], "c": [4], "light": [0]}}
    (fault,) = format_faults("samples.mine", sample)
    assert fault.startswith("samples.mine.labels list 5")

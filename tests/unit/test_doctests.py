"""The examples in docstrings do what they say."""

import doctest
import importlib
import pkgutil

import pytest

import robustag

MODULES = [module.name for module in pkgutil.walk_packages(robustag.__path__, "robustag.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0

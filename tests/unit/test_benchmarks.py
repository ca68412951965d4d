"""Benchmarks are run by hand: what they call must not have moved away since."""

from importlib import import_module
from pathlib import Path

import pytest

NAMES = sorted(path.parent.name for path in Path(__file__).parents[1].glob("benchmarks/*/__main__.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_finds_what_it_calls(name):
    assert callable(import_module(f"tests.benchmarks.{name}.__main__").main)


@pytest.fixture
def printed(monkeypatch, capsys):
    """What a benchmark prints, asked for little."""

    def run(module, *arguments):
        monkeypatch.setattr("sys.argv", [module.__name__, *arguments])
        module.main()
        return capsys.readouterr().out

    return run


def test_the_benchmark_of_trainings_measures_every_ratio(printed):
    module = import_module("tests.benchmarks.training.__main__")
    shown = printed(module, "--jets", "128", "--batch-sizes", "64", "--threads", "1", "--rounds", "1")
    assert all(f"{ours} / {theirs}" in shown for ours, theirs, _ in module.RATIOS)


# Foolbox warns while it is imported, which some other test may have done before.
@pytest.mark.filterwarnings("ignore:Please import `gaussian_filter`:DeprecationWarning")
def test_what_a_gpu_is_asked_can_be_tried_on_a_processor(printed):
    """The machines that have one are lent for minutes: the script must run at once there."""
    module = import_module("tests.benchmarks.gpu.__main__")
    shown = printed(module, "--device", "cpu", "--scale", "0.0005", "--batch-sizes", "128", "--updates", "2")
    assert all(f"## {part} (" in shown for part in ("Updates", "Validation", "Precision", "Attacks", "Done"))

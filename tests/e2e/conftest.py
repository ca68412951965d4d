"""One finished smoke study for all end-to-end tests."""

from dataclasses import dataclass

import pytest

from tests.checkout import Checkout

SMOKE = ("--configfile", "config/smoke.yaml")


@dataclass(frozen=True)
class Study:
    """A finished study: its checkout, its results folder, what the run printed."""

    checkout: Checkout
    output: str

    @property
    def results(self):
        return self.checkout.folder / "results/smoke"


def run_smoke_study(folder) -> Study:
    checkout = Checkout(folder)
    run = checkout.snakemake("--cores", "2", *SMOKE)
    assert run.returncode == 0, run.stdout
    return Study(checkout, run.stdout)


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Study:
    return run_smoke_study(tmp_path_factory.mktemp("study") / "first")

"""One finished smoke study for all end-to-end tests."""

from dataclasses import dataclass

import pytest

from robustag.cli import read_configuration
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

    @property
    def configuration(self) -> dict:
        folder = self.checkout.folder / "config"
        return read_configuration([folder / "config.yaml", folder / "smoke.yaml"])


def run_smoke_study(folder) -> Study:
    checkout = Checkout(folder)
    run = checkout.snakemake("--cores", "2", *SMOKE)
    assert run.returncode == 0, run.stdout
    return Study(checkout, run.stdout)


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Study:
    return run_smoke_study(tmp_path_factory.mktemp("study") / "first")

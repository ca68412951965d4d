"""The smoke study run for real, for the tests of the finished product."""

from dataclasses import dataclass
from pathlib import Path

from robustag.cli import read_configuration
from tests.checkout import Checkout

SMOKE = ("--configfile", "config/smoke.yaml")


@dataclass(frozen=True)
class Study:
    """A finished study: its checkout, what the run printed, and the files that the run itself made."""

    checkout: Checkout
    output: str
    files: frozenset[str]

    @property
    def results(self) -> Path:
        return self.checkout.folder / "results/smoke"

    @property
    def configuration(self) -> dict:
        folder = self.checkout.folder / "config"
        return read_configuration([folder / "config.yaml", folder / "smoke.yaml"])


def run_smoke_study(checkout: Checkout) -> Study:
    run = checkout.snakemake("--cores", "2", *SMOKE)
    assert run.returncode == 0, run.stdout
    return Study(checkout, run.stdout, files_of(checkout))


def files_of(checkout: Checkout) -> frozenset[str]:
    """Everything that stands in the results of the smoke study, by its path there."""
    results = checkout.folder / "results/smoke"
    return frozenset(str(path.relative_to(results)) for path in results.rglob("*") if path.is_file())

"""The smoke study run for real, for the tests of the finished product."""

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path

from robustag.cli import read_configuration
from tests.checkout import Checkout, OddCheckout

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


def shared_study(common: Path, own: Path) -> Study:
    """A worker's own copy of the one study that all workers have in a common folder.

    Whoever comes first runs it, and the others wait; nobody changes it afterwards.
    """
    made, told = common / "study", common / "smoke_study.outcome"
    with (common / "study.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            run = OddCheckout(made).snakemake("--cores", "2", *SMOKE)
            told.write_text(json.dumps([run.returncode, run.stdout]))
    status, output = json.loads(told.read_text())
    assert status == 0, output
    checkout = OddCheckout.copied(made, own)
    return Study(checkout, output, files_of(checkout))


def files_of(checkout: Checkout) -> frozenset[str]:
    """Everything that stands in the results of the smoke study, by its path there."""
    results = checkout.folder / "results/smoke"
    return frozenset(str(path.relative_to(results)) for path in results.rglob("*") if path.is_file())

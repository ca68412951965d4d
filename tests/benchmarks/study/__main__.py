"""What a finished study cost beside what it cannot do without: `python -m tests.benchmarks.study RESULTS`.

CPU seconds and memory are from the records of its jobs; the irreducible part is measured now, on this machine
(see `irreducible`), so that ratios mean most where the study was made, with nothing else running. Stages
without a bound of their own have no ratio, but count in the whole. The exit status is 1 if the ratio of the
whole is above its limit.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from robustag.features import FeatureTable
from robustag.models import Inputs
from robustag.tensors import Normalisation
from tests.benchmarks.study.irreducible import irreducible
from tests.benchmarks.study.jobs import STAGES, Job, jobs_of

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 2.2
_HEADER = ("stage", "jobs", "CPU-s", "s a job", "peak MiB", "irreducible CPU-s", "ratio")


def row(name: str, jobs: list[Job], bound: float) -> str:
    """A line of the table; a bound of zero is none."""
    cpu, memory = sum(job.cpu for job in jobs), max((job.memory for job in jobs), default=0)
    compared = f"{bound:.1f} | {cpu / bound:.2f}" if bound else " | "
    return f"| {name} | {len(jobs)} | {cpu:.0f} | {cpu / max(1, len(jobs)):.2f} | {memory} | {compared} |"


def report(jobs: list[Job], bound: Counter[str]) -> tuple[str, float]:
    """The table, and the ratio of the whole study."""
    lines = [f"| {' | '.join(_HEADER)} |", "| --- " * len(_HEADER) + "|"]
    lines += [row(stage, [job for job in jobs if job.stage == stage], bound[stage]) for stage in STAGES]
    lines.append(row("all", jobs, bound.total()))
    return "\n".join(lines), sum(job.cpu for job in jobs) / bound.total()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.study", description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", default=Path("results/default"))
    results = parser.parse_args().results
    table = FeatureTable.load(ROOT / "config/features/jet_flavor.yaml")
    ones = np.ones(table.size)
    inputs = Inputs.of(table, Normalisation(table.names, 0 * ones, ones, missing=-9 * ones))
    jobs = jobs_of(results)
    lines, ratio = report(jobs, irreducible(results, jobs, inputs))
    print(f"{lines}\n\nwhole / irreducible: {ratio:.2f} (limit {LIMIT})")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())

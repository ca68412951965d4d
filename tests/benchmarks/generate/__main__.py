"""Print the generator's speed: `make bench`, or `python -m tests.benchmarks.generate --events 1000`.

Exits with 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml

from tests.benchmarks.generate.measure import measure_job, measure_variations

ROOT = Path(__file__).resolve().parents[3]
PYTHIA_SHARE_MIN = 0.60
MEMORY_MAX = 1024.0  # MiB
SCALING_MIN = 1.8  # of two processes over one


def fresh_process(workers: int = 1) -> ProcessPoolExecutor:
    """Processes that start from nothing, one task each."""
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1
    )


def verdict(good: bool) -> str:
    return "ok" if good else "MISSED"


def processes(samples: dict[str, dict], detector: dict, events: int) -> bool:
    """One line a hard process: rates, ratio to bare Pythia, share inside Pythia, memory."""
    print(
        f"{'process':8} {'events':>6} {'jets':>6} {'jets/CPU-s':>10} {'ms/event':>9} {'bare Pythia':>11} "
        f"{'job/bare':>8} {'in Pythia':>9} {'limit':>13} {'peak MiB':>8} {'limit':>14}"
    )
    good = True
    for name, sample in samples.items():
        with fresh_process() as pool:
            cost = pool.submit(measure_job, sample, detector, events).result()
        share = cost.pythia / cost.job
        fine = share >= PYTHIA_SHARE_MIN, cost.memory < MEMORY_MAX
        good = good and all(fine)
        print(
            f"{name:8} {cost.events:6d} {cost.jets:6d} {cost.jets / cost.job:10.0f} "
            f"{1000 * cost.job / cost.events:9.2f} {1000 * cost.bare / cost.events:11.2f} "
            f"{cost.job / cost.bare:8.2f} {share:9.1%} {f'>= {PYTHIA_SHARE_MIN:.0%} {verdict(fine[0])}':>13} "
            f"{cost.memory:8.0f} {f'< {MEMORY_MAX:.0f} {verdict(fine[1])}':>14}"
        )
    return good


def variations(sample: dict, detector: dict, defined: dict, events: int) -> None:
    """One line a detector variation: what it adds to the job of the nominal one."""
    detectors = {"nominal": detector}
    for name, entry in defined.items():
        if "detector" in entry:
            detectors[name] = detector | entry["detector"]
    with fresh_process() as pool:
        spent = pool.submit(measure_variations, sample, detectors, events).result()
    print("\ndetector (ttbar)         CPU ms/event after Pythia")
    for name, milliseconds in spent.items():
        print(f"{name:24} {milliseconds:6.2f}" + ("  with jets and labels" if name == "nominal" else ""))


def scaling(sample: dict, detector: dict, events: int) -> bool:
    """Throughput of two processes side by side over that of one.

    By CPU time, which tells what the processes cost each other (memory, shared caches) and decides; and by
    wall time, which says the same only when both cores are free.
    """
    by_cpu, by_wall = [], []
    for workers in (1, 2):
        with fresh_process(workers) as pool:
            jobs = [pool.submit(measure_job, sample, detector, events) for _ in range(workers)]
            costs = [job.result() for job in jobs]
        by_cpu.append(sum(cost.events / cost.job for cost in costs))
        by_wall.append(sum(cost.events / cost.wall for cost in costs))
        print(f"{workers} process(es): {by_cpu[-1]:6.0f} events/CPU-s, {by_wall[-1]:6.0f} events/s")
    factor = by_cpu[1] / by_cpu[0]
    good = factor >= SCALING_MIN
    print(
        f"1 -> 2 processes: x {factor:.2f} by CPU time (limit >= {SCALING_MIN} {verdict(good)}), "
        f"x {by_wall[1] / by_wall[0]:.2f} by wall time with a load of {os.getloadavg()[0]:.1f}"
    )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.generate", description=__doc__)
    parser.add_argument("--events", type=int, default=1000, help="collisions of each process")
    events = parser.parse_args().events
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    detector = config["generator"]["detector"]
    samples = {
        name: {key: value for key, value in sample.items() if key != "events"}
        for name, sample in config["samples"].items()
    }
    good = processes(samples, detector, events)
    variations(samples["ttbar"], detector, config["variations"], events)
    print()
    return 0 if scaling(samples["ttbar"], detector, events) and good else 1


if __name__ == "__main__":
    sys.exit(main())

"""What a measurement of many test jets takes: `python -m tests.benchmarks.evaluation --jets 300000`.

Random jets of the feature table, no files, a linear network; by default as many jets as the papers test on.
`assess` is one set of logits. The attack and the scenarios hold clean and perturbed inputs, too, and measure
two strengths beside the clean jets, as jobs of a study do. The exit status is 1 if one of them needs more
memory than the limit.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.benchmarks.evaluation.measure import RUNS, cost

JETS = 2_300_000
#: GB at so many jets, of which clean inputs take 2.1 and perturbed ones 1.7.
LIMIT = 6.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.evaluation", description=__doc__)
    parser.add_argument("--jets", type=int, default=JETS)
    parser.add_argument("--only", choices=RUNS, nargs="+", default=[*RUNS])
    options = parser.parse_args()
    good = True
    for name in options.only:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            cpu, memory = pool.submit(cost, name, options.jets).result()
        kept = memory <= LIMIT
        good = good and kept
        verdict = "ok" if kept else "MISSED"
        print(
            f"{name:12} {options.jets} jets  {cpu:6.1f} CPU-s  {memory:5.2f} GB  (<= {LIMIT} GB {verdict})",
            flush=True,
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

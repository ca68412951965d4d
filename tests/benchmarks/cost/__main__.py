"""What a study costs, stage by stage, and how that grows: `python -m tests.benchmarks.cost`.

Small studies are run for real, up to their tables. One size is doubled twice at a time: the simulated
events, the trainings, the attacks, the epsilons. A row is a stage, in CPU seconds that its jobs recorded, or
a kind of file, in megabytes, at three sizes. Then follow what each further portion of the smallest size adds,
by a straight line through the three, and the slope in logarithms from the second to the third: 1 is
proportional, 0 is no growth. What a job spends before it starts to record, about half a second on starting
Python, is left out.
"""

import argparse
import json
import math
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml

from tests.checkout import Checkout

STAGES = {
    "simulate": ("generate", "generate_varied", "vary_records"),
    "tensors": (
        *(
            "records",
            "records_varied",
            "records_changed",
            "summarise",
            "normalise",
            "tensorise",
            "tensorise_varied",
            "tensorise_records",
            "spread",
            "index",
        ),
    ),
    "train": ("train",),
    "attack": ("attack",),
    "mismodel": ("mismodel",),
    "transfer": ("transfer",),
    "epochs": ("epochs",),
    "align": ("align",),
    "distances": ("distances", "scenario_distances"),
    "certify": ("certify", "certify_rates"),
    "optimality": ("optimality",),
    "surface": ("surface",),
    "collect": ("collect",),
}
TABLES = (
    *("metrics", "transfer", "epochs", "alignment", "distances", "certificates", "surface_statistics"),
    "planes",
)
FILES = {
    "ntuples, MB": "ntuples/**/*.root",
    "tensors, MB": "tensors/**/*.safetensors",
    "models, MB": "models/**/*.safetensors",
    "tables, MB": "**/*.parquet",
}
EVENTS = 3000


def base(events: int) -> dict:
    """A study of two models and one seed, on top of the default configuration."""
    pair = {"label": "clean", "nominal": "clean_nominal", "adversarial": "clean_fgsm"}
    noise = {"label": "noise", "perturbation": "noise", "epsilon": 0.05}
    trained = {"optimiser": {"batch_size": 512, "epochs": 5}}
    return {
        "study": "cost",
        "generator": {"events_per_chunk": 1500},
        "samples": {"ttbar": {"events": events}},
        "varied_share": {"generator": 1.0, "records": 1.0},
        "models": {"clean_nominal": trained, "clean_fgsm": trained},
        "epsilons": [0.0, 0.01, 0.05],
        "figures": {"pairs": [pair], "mismodellings": [noise]},
        "run": {
            "samples": ["ttbar"],
            "variations": ["ip_resolution_up", "tune_a14", "record_ip_resolution"],
            "models": [pair["nominal"], pair["adversarial"]],
            "seeds": [1],
            "attacks": ["noise", "fgsm"],
            "scenarios": [],
            "pareto": {"models": [pair["nominal"]], "seeds": [1], "attacks": ["fgsm"]},
        },
    }


def more_trainings(study: dict, factor: int) -> None:
    study["run"]["seeds"] = list(range(1, factor + 1))


def more_attacks(study: dict, factor: int) -> None:
    copies = [f"fgsm_{number}" for number in range(2, 2 * factor)]
    study["attacks"] = {name: {"name": "fgsm", "factors": "none"} for name in copies}
    study["run"]["attacks"] += copies


def more_epsilons(study: dict, factor: int) -> None:
    study["epsilons"] = [0.0, *np.linspace(0.01, 0.05, 3 * factor - 1).round(5).tolist()]


GROWTHS: dict[str, Callable[[dict, int], None]] = {
    "trainings": more_trainings,
    "attacks": more_attacks,
    "epsilons": more_epsilons,
}


def run(checkout: Checkout, study: dict, cores: int) -> None:
    """Make the tables of a study."""
    (checkout.folder / "cost.yaml").write_text(yaml.safe_dump(study))
    tables = [f"results/cost/tables/{name}.parquet" for name in TABLES]
    done = checkout.snakemake("--cores", str(cores), "--configfile", "cost.yaml", "--", *tables)
    if done.returncode:
        sys.exit(done.stdout[-3000:])


def continued(checkout: Checkout, folder: Path) -> Checkout:
    """Another checkout with the same results, of which Snakemake knows how they were made."""
    copy = Checkout(folder)
    for name in ("results", ".snakemake"):
        shutil.copytree(checkout.folder / name, folder / name)
    return copy


def spent(checkout: Checkout) -> Counter[str]:
    """CPU seconds of each stage, as its jobs recorded them, and the megabytes of each kind of file."""
    results = checkout.folder / "results/cost"
    stage_of = {rule: stage for stage, rules in STAGES.items() for rule in rules}
    sizes: Counter[str] = Counter()
    for path in (results / "logs").rglob("*.json"):
        record = json.loads(path.read_text())
        sizes[stage_of[record["rule"]]] += float(re.search(r"CPU ([\d.]+) s", record["spent"])[1])
    for kind, pattern in FILES.items():
        sizes[kind] = sum(path.stat().st_size for path in results.glob(pattern)) / 1e6
    return sizes


def report(driver: str, costs: list[Counter[str]]) -> None:
    """Print a table of what studies of one, two and four times a size cost."""
    print(f"\n| {driver} | x 1 | x 2 | x 4 | each more | slope |\n| {'--- | ' * 6}")
    for row in (*STAGES, *FILES):
        numbers = [cost[row] for cost in costs]
        more = np.polyfit([1, 2, 4], numbers, 1)[0]
        slope = math.log2(numbers[2] / numbers[1]) if all(numbers) else math.nan
        print(f"| {row} | {' | '.join(f'{number:.1f}' for number in (*numbers, more))} | {slope:.2f} |")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS, help="of the smallest study")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:

        def grown(driver: str, study: dict, factor: int, start: Checkout | None = None) -> Checkout:
            folder = Path(temporary) / f"{driver}_{factor}"
            checkout = continued(start, folder) if start else Checkout(folder)
            run(checkout, study, arguments.cores)
            return checkout

        studies = [base(factor * arguments.events) for factor in (1, 2, 4)]
        made = [grown("events", study, factor) for factor, study in enumerate(studies)]
        report("simulated events", [spent(checkout) for checkout in made])
        for driver, multiply in GROWTHS.items():
            costs = [spent(made[0])]
            for factor in (2, 4):
                study = base(arguments.events)
                multiply(study, factor)
                checkout = grown(driver, study, factor, made[0])
                costs.append(spent(checkout))
                shutil.rmtree(checkout.folder)
            report(driver, costs)


if __name__ == "__main__":
    main()

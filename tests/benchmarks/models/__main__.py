"""What the networks cost on one CPU core, in units of the papers' one: `python -m tests.benchmarks.models`.

Random jets of the feature table, 1024 a step; the networks take turns, and the fastest of each counts. The
exit status is 1 if a limit is missed.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import nn
from torch.nn.functional import cross_entropy

from robustag.features import FeatureTable
from robustag.models import Inputs, build_model
from robustag.tensors import Normalisation

ROOT = Path(__file__).resolve().parents[3]
JETS, ROUNDS = 1024, 15
UNIT = "clean_nominal"
#: Largest cost of a training step and of an input gradient.
LIMITS = {UNIT: (1.0, 1.0), "clean_linear": (0.1, 0.1), "clean_set_transformer": (6.0, 6.5)}


def training_step(model: nn.Module, x: torch.Tensor, label: torch.Tensor) -> Callable[[], None]:
    optimiser = torch.optim.Adam(model.parameters(), fused=True)

    def step() -> None:
        optimiser.zero_grad()
        cross_entropy(model(x), label).backward()
        optimiser.step()

    return step


def input_gradient(model: nn.Module, x: torch.Tensor, label: torch.Tensor) -> Callable[[], None]:
    x = x.clone().requires_grad_(True)
    return lambda: torch.autograd.grad(cross_entropy(model(x), label), x)


def seconds(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    definitions = yaml.safe_load((ROOT / "config/config.yaml").read_text())["models"]
    table = FeatureTable.load(ROOT / "config/features/jet_flavor.yaml")
    ones = np.ones(table.size)
    inputs = Inputs.of(table, Normalisation(table.names, 0 * ones, ones, missing=-9 * ones))
    x, label = torch.randn(JETS, table.size), torch.arange(JETS) % 3
    models = {name: build_model(definitions[name]["network"], inputs, seed=1) for name in LIMITS}
    good = True
    for position, (what, prepare) in enumerate({"step": training_step, "gradient": input_gradient}.items()):
        runs = {name: prepare(model, x, label) for name, model in models.items()}
        rounds = [{name: seconds(run) for name, run in runs.items()} for _ in range(ROUNDS)]
        fastest = {name: min(times[name] for times in rounds) for name in runs}
        for name, best in fastest.items():
            ratio, limit = best / fastest[UNIT], LIMITS[name][position]
            good = good and ratio <= limit
            verdict = "ok" if ratio <= limit else "MISSED"
            print(f"{what:9}{name:23}{1000 * best:8.2f} ms{ratio:7.3f}   <= {limit:g} {verdict}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""How fast the loss surface is explored: `python -m tests.benchmarks.surface`.

The paper's network (184 inputs, five layers of 100) and random jets: statistics of 10,000 jets of each
flavour, a plane of 500 x 500 points, a surface over weights. Each time is divided by that of bare forward
passes of the same network in float64 over as many jets, taken right before it, and has a limit; so has the
time of the statistics in seconds. The exit status is 1 if one does not hold.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from robustag.attacks import BudgetRule
from robustag.attacks.standalone import jet_cross_entropy
from robustag.evaluation.bootstrap import replicas
from robustag.models import build_model
from robustag.surface import Landscape, jet_geometry, surface_statistics, weight_surface
from robustag.surface.planes import input_plane, loss_planes
from robustag.surface.settings import ScaledPair
from robustag.tensors.loading import JetTensors
from tests.surfaces import SURFACE

FEATURES, EPSILONS, REPLICATES = 184, (0.005, 0.01, 0.02, 0.05, 0.1), 100
SECONDS = 120.0
"""Limit of the statistics of 10,000 jets of each flavour."""


class Case:
    """Model and jets."""

    def __init__(self, jets: int) -> None:
        generator = torch.Generator().manual_seed(1)
        network = {"name": "mlp", "hidden": [100] * 5, "dropout": 0.1}
        self.model = build_model(network, FEATURES, seed=1).eval()
        x = torch.randn(jets, FEATURES, generator=generator)
        missing = torch.rand(jets, FEATURES, generator=generator) < 0.2
        one = torch.ones(jets)
        self.data = JetTensors(x, missing, torch.arange(jets) % 3, one, one, one, torch.arange(jets), one)
        spread = torch.eye(FEATURES).expand(3, FEATURES, FEATURES)
        counts = torch.arange(FEATURES) % 20 == 7
        self.rule = BudgetRule(torch.ones(FEATURES), counts, torch.zeros(FEATURES), spread=spread)
        self.landscape = Landscape(self.model, jet_cross_entropy)
        self.pair = ScaledPair(("first", "second"), (0, 1), (1.0, 1.0))

    def forward(self, points: int) -> Callable[[], None]:
        """Bare forward passes in float64 over so many jets."""
        x = self.data.inputs.double().repeat(-(-points // len(self.data)), 1)[:points]
        label = torch.zeros(points, dtype=torch.int64)
        return lambda: self.landscape.value(x, label)

    def statistics(self) -> None:
        jets = np.arange(len(self.data))
        geometry = jet_geometry(self.model, jet_cross_entropy, self.data, jets, self.pair, self.rule, SURFACE)
        weights = replicas(self.data.event.numpy(), self.data.event_weight.numpy(), REPLICATES, 1)
        surface_statistics(self.landscape, self.data, geometry, self.rule, EPSILONS, weights)

    def plane(self) -> None:
        one = self.landscape.place(self.data.inputs[:1])
        loss_planes(self.landscape, one, self.data.label[:1], input_plane(one, self.pair), points=500)

    def weights(self) -> None:
        options = {"jets": 300, "epsilon": 0.05, "width": 2.0, "points": 17, "seed": 1}
        weight_surface(self.model, jet_cross_entropy, self.data, self.rule, **options)


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> int:
    """Print times and ratios; 1 if one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=30_000, help="all flavours together")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    case = Case(options.jets)
    kept = True
    for name, points, limit, run in (
        (f"statistics of {options.jets} jets", options.jets, 250, case.statistics),
        ("plane of 500 x 500 points", 250_000, 2.5, case.plane),
        ("17 x 17 weights, 900 jets", 17 * 17 * 900, 8, case.weights),
    ):
        bare = case.forward(points)
        bare()
        base, own = seconds(bare), seconds(run)
        kept &= own / base <= limit
        print(f"{name:28s} {own:6.1f} s, {own / base:6.1f} forward passes (limit {limit:g})")
        if run == case.statistics:
            scaled = SECONDS * options.jets / 30_000
            kept &= own <= scaled
            print(f"{'':28s} limit {scaled:.0f} s")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

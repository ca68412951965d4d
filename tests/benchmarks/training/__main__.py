"""How fast training is, as ratios of runs that take turns: `python -m tests.benchmarks.training`.

The paper's network (184 inputs, five layers of 100, dropout 0.1) and random jets. The unit is the bare matrix
products of a step, forwards and backwards. What slows a round down is other work on the machine, so the
fastest round of each run counts, and CPU seconds where there is one thread. Each ratio has its limit, and the
exit status is 1 if one is missed. A GPU is also compared with what its memory can move.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import torch

from robustag.attacks import BudgetRule
from robustag.training import train_model
from robustag.training.feed import Resident, batches
from robustag.training.step import Batch
from tests.benchmarks.gpu.jets import as_tensors

FEATURES, HIDDEN, CLASSES = 184, [100] * 5, 3
WIDTHS = list(pairwise([FEATURES, *HIDDEN, CLASSES]))
STACKED = 3
ARMS = {
    "clean": ({"name": "cross_entropy"}, "eval"),
    "faithful": ({"name": "double_softmax_focal", "gamma": 25.0}, "train"),
}
#: What a nominal step may take in bare products, by jets a step: random numbers, passes over activations and
#: calls come on top of them, which is why it is not the 1.2 that was aimed at (docs/performance.md).
POSSIBLE = {1024: 1.9, 8192: 1.6, 65_536: 1.4}
#: (what, through what, limit; that of `POSSIBLE` where None). Counting products, a step of FGSM costs 1.74
#: nominal ones.
RATIOS: list[tuple[str, str, float | None]] = [
    ("clean nominal", "products", None),
    ("faithful nominal", "products", None),
    ("without dropout", "products", math.inf),
    ("gathering", "products", math.inf),
    ("clean fgsm", "clean nominal", 1.8),
    ("faithful fgsm", "faithful nominal", 1.8),
    ("stacked products", "products", math.inf),
]


class Case:
    """Jets on one device and what is timed with them: functions that return the seconds of one epoch."""

    def __init__(self, jets: int, batch_size: int, device: str, folder: Path) -> None:
        self.batch_size, self.device, self.folder = batch_size, torch.device(device), folder
        self.steps = jets // batch_size
        self.jets = random_jets(self.steps * batch_size, self.device)
        self.few = as_tensors(random_jets(64, torch.device("cpu")))
        frozen = torch.arange(FEATURES) % 20 == 7
        self.rule = BudgetRule(torch.ones(FEATURES), frozen, torch.zeros(FEATURES))

    def clock(self) -> float:
        """Seconds, when the device has done all it was asked to."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()

    def epoch(self, arm: str, recipe: str, dropout: float = 0.1) -> float:
        """The second epoch of a training, with the validation of a few jets and the checkpoint."""
        loss, mode = ARMS[arm]
        options = {"fgsm": {"epsilon": 0.01, "attack_mode": mode}}.get(recipe, {})
        definition = {
            "network": {"name": "mlp", "hidden": HIDDEN, "dropout": dropout},
            "loss": loss,
            "recipe": {"name": recipe, **options},
            "optimiser": {
                "name": "adam",
                "learning_rate": 0.001,
                "decay": {"name": "constant"},
                "batch_size": self.batch_size,
                "epochs": 2,
            },
            "checkpoints": [],
        }
        checkpoint = self.folder / "checkpoint"
        checkpoint.unlink(missing_ok=True)
        ends: list[float] = []
        train_model(
            definition,
            Resident(self.jets),
            self.few,
            self.rule,
            validation_rule=self.rule,
            settings={"epsilon": 0.01, "monitored": 64},
            seed=1,
            device=str(self.device),
            checkpoint=checkpoint,
            fingerprint="",
            progress=lambda row: ends.append(self.clock()),
        )
        return ends[1] - ends[0]

    def products(self, models: int = 1) -> float:
        """The matrix products of an epoch: forwards, and backwards to all weights and hidden layers.

        Several models are multiplied at once, each with a batch of its own; the time is one model's.
        """
        lead = (models,) if models > 1 else ()
        weights = [torch.randn(*lead, before, after, device=self.device) for before, after in WIDTHS]
        values = [
            torch.randn(*lead, self.batch_size, width, device=self.device)
            for width in (FEATURES, *HIDDEN, CLASSES)
        ]

        def step() -> None:
            for x, weight in zip(values, weights, strict=False):
                x @ weight
            for layer in reversed(range(len(weights))):
                values[layer].mT @ values[layer + 1]
                if layer:
                    values[layer + 1] @ weights[layer].mT

        step()
        return self._seconds(lambda: [step() for _ in range(self.steps)]) / models

    def gathering(self) -> float:
        """Batches in random order, and nothing done with them."""
        generator = torch.Generator(self.device).manual_seed(1)
        return self._seconds(lambda: list(map(len, batches(Resident(self.jets), self.batch_size, generator))))

    def _seconds(self, run: Callable[[], object]) -> float:
        began = self.clock()
        run()
        return self.clock() - began


def random_jets(number: int, device: torch.device) -> Batch:
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(number, FEATURES, generator=generator)
    missing = torch.rand(number, FEATURES, generator=generator) < 0.2
    label = torch.arange(number) % CLASSES
    weight = 0.5 + torch.rand(number, generator=generator)
    return Batch(*(tensor.to(device) for tensor in (inputs, missing, label, weight)))


def measured(case: Case, rounds: int) -> Iterator[bool]:
    """Whether each ratio keeps its limit, printed on the way."""
    runs: dict[str, Callable[[], float]] = {
        "products": case.products,
        "stacked products": lambda: case.products(STACKED),
        "gathering": case.gathering,
        "without dropout": lambda: case.epoch("clean", "nominal", dropout=0.0),
        "clean nominal": lambda: case.epoch("clean", "nominal"),
        "clean fgsm": lambda: case.epoch("clean", "fgsm"),
        "faithful nominal": lambda: case.epoch("faithful", "nominal"),
        "faithful fgsm": lambda: case.epoch("faithful", "fgsm"),
    }
    for run in runs.values():
        run()
    taken = [{name: run() for name, run in runs.items()} for _ in range(rounds)]
    seconds = {name: min(row[name] for row in taken) for name in runs}
    where = f"{case.device} {torch.get_num_threads()} threads, batch {case.batch_size:5d}"
    for name, other, given in RATIOS:
        limit = POSSIBLE.get(case.batch_size, math.inf) if given is None else given
        value = seconds[name] / seconds[other]
        per_second = len(case.jets.label) / seconds[name]
        bound = f"limit {limit:.2f}" if limit < math.inf else "no limit"
        print(
            f"{where}  {f'{name} / {other}':36s} {value:5.2f} ({bound})  {per_second / 1e3:8.0f} k jets/s",
            flush=True,
        )
        yield value <= limit
    if case.device.type == "cuda":
        rate = len(case.jets.label) / seconds["clean nominal"]
        share = rate * bytes_of_a_jet() / bandwidth()
        print(f"{where}  {'clean nominal, share of the memory bandwidth':44s} {share:.2f}")


def bytes_of_a_jet() -> int:
    """Least traffic of a nominal step: the gather reads and writes a jet, and every product reads what it
    multiplies and writes what it gives (weights, few as they are, stay in the cache)."""
    gather = 2 * (FEATURES * (4 + 1) + 8 + 4)
    forwards = sum(before + after for before, after in WIDTHS)
    to_weights = forwards
    to_layers = sum(before + after for before, after in WIDTHS[1:])
    return gather + 4 * (forwards + to_weights + to_layers)


def bandwidth() -> float:
    """Bytes a second that a copy of 2 GB on the GPU reads and writes."""
    source = torch.empty(2**29, device="cuda")
    target = torch.empty_like(source)
    target.copy_(source)
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(10):
        target.copy_(source)
    torch.cuda.synchronize()
    return 10 * 2 * source.nbytes / (time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1024, 8192, 65_536])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--jets", type=int, default=16_384)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    settings = [("cpu", threads) for threads in options.threads]
    if torch.cuda.is_available():
        settings.append(("cuda", 1))
    else:
        print("no GPU")
    print(f"torch {torch.__version__}, {options.jets} jets an epoch, {options.rounds} rounds")
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        for device, threads in settings:
            torch.set_num_threads(threads)
            for size in options.batch_sizes:
                jets = max(options.jets, size) if device == "cpu" else 64 * size
                kept += measured(Case(jets, size, device, Path(folder)), options.rounds)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

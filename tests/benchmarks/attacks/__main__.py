"""How fast the attacks are, as ratios of runs that take turns: `python -m tests.benchmarks.attacks`.

The paper's network (184 inputs, five layers of 100) and 65,536 random jets. Foolbox and ART attack the same
model under the same budget, seen as a unit cube. Each ratio is the median over pairs, with the limit it has
to keep; the exit status is 1 if one does not.
"""

import argparse
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import nn

from robustag.attacks import BudgetRule, Sweep, input_gradient
from robustag.attacks.standalone import jet_cross_entropy
from robustag.features import FeatureTable
from robustag.models import build_model
from robustag.tensors import Normalisation

FEATURES, EPSILON, STEPS = 184, 0.05, 20
CENTRE = 0.5
TABLE = Path(__file__).parents[3] / "config/features/jet_flavor.yaml"


class Case:
    """Model, jets and budget on one device."""

    def __init__(self, jets: int, device: str) -> None:
        generator = torch.Generator().manual_seed(1)
        self.device = device
        # What fits the cache of each core; all at once on a GPU.
        self.chunk = 2048 * torch.get_num_threads() if device == "cpu" else jets
        network = {"name": "mlp", "hidden": [100] * 5, "dropout": 0.1}
        self.model = build_model(network, FEATURES, seed=1).eval().to(device)
        self.x = torch.randn(jets, FEATURES, generator=generator).to(device)
        self.missing = (torch.rand(jets, FEATURES, generator=generator) < 0.2).to(device)
        self.label = torch.randint(0, 3, (jets,), generator=generator).to(device)
        self.rule = BudgetRule(
            torch.ones(FEATURES), torch.arange(FEATURES) % 20 == 7, torch.zeros(FEATURES)
        ).to(device)

    @property
    def jets(self) -> tuple:
        return self.model, jet_cross_entropy, self.x, self.missing, self.label, self.rule

    def run(self, definition: dict, epsilons: list[float]) -> None:
        attack = Sweep(definition, *self.jets, seed=1, chunk=self.chunk)
        for epsilon in epsilons:
            attack(epsilon)

    def fgsm(self) -> None:
        self.run({"name": "fgsm"}, [EPSILON])

    def gradients(self) -> None:
        """Bare forward pass and input gradient, in the same chunks, as often as PGD takes them."""
        for _ in range(STEPS):
            for x, label in zip(self.x.split(self.chunk), self.label.split(self.chunk), strict=True):
                input_gradient(self.model, jet_cross_entropy, x, label)


class TrackCase(Case):
    """The same model on jets of the papers' table, in which all relations of inputs hold."""

    def __init__(self, jets: int, device: str) -> None:
        super().__init__(jets, device)
        table = FeatureTable.load(TABLE)
        values = related_values(table, jets)
        self.normalisation = Normalisation(
            table.names, values.mean(axis=0), values.std(axis=0).clip(1e-9), np.zeros(table.size)
        )
        self.table = table
        scaled = self.normalisation.scale(values)
        self.x = torch.tensor(scaled, dtype=torch.float32, device=device)
        self.missing = torch.zeros_like(self.x, dtype=torch.bool)

    def under(self, physical: bool | str) -> Callable[[], None]:
        """FGSM in a budget."""
        rule = BudgetRule.of(self.table, self.normalisation, physical=physical).to(self.device)

        def run() -> None:
            self.rule = rule
            self.fgsm()

        return run


def related_values(table: FeatureTable, jets: int) -> np.ndarray:
    """Physical values [N, F] of jets of six tracks each, with covariances, an order and significances."""
    rng = np.random.default_rng(1)
    values = rng.uniform(0.0, 0.3, (jets, table.size))
    block = table.element_block("track")
    place = {variable.name: columns for variable, columns in zip(block.variables, block.columns, strict=True)}
    root = rng.normal(size=(jets, 6, 5, 5)) * np.array([0.02, 0.03, 1e-3, 1e-3, 1e-2])[:, None]
    covariance = root @ root.swapaxes(2, 3)
    parameters = ("D0", "Z0", "PHI", "THETA", "QOVERP")
    for i, j in product(range(5), range(5)):
        if j <= i:
            values[:, place[parameters[i] + parameters[j]]] = covariance[..., i, j]
    deviation = np.sqrt(covariance[..., 0, 0])
    significance = -np.sort(-rng.standard_t(2, (jets, 6)), axis=1)
    values[:, place["D0"]] = significance * deviation
    values[:, place["Z0"]] = rng.normal(size=(jets, 6)) * 0.05
    order = np.argsort(-np.abs(values[:, place["D0"]]), axis=1)
    for parameter, variance in (("D0", "D0D0"), ("Z0", "Z0Z0")):
        found = np.abs(values[:, place[parameter]]) / np.sqrt(values[:, place[variance]])
        for number in (2, 3):
            copy = table.index(f"track_{number}_{parameter.lower()}_significance")
            values[:, copy] = np.take_along_axis(found, order, axis=1)[:, number - 1]
    return values


class FromUnitCube(nn.Module):
    """The model behind the budget, for libraries that move within [0, 1]."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.model = case.model
        budget = case.rule.budget(case.x, case.missing, EPSILON)
        self.lower, self.width = budget.lower, budget.upper - budget.lower

    def forward(self, d: torch.Tensor) -> torch.Tensor:
        return self.model(torch.addcmul(self.lower, d, self.width))


def foolbox_fgsm(case: Case) -> Callable[[], None]:
    import foolbox

    model = foolbox.PyTorchModel(FromUnitCube(case).eval(), bounds=(0, 1), device=case.device)
    attack = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    start = torch.full_like(case.x, CENTRE)
    criterion = foolbox.criteria.Misclassification(case.label)
    return lambda: attack.run(model, start, criterion, epsilon=CENTRE)


def art_fgsm(case: Case, batch: int = 32) -> Callable[[], None]:
    """Without a budget by jet and input, which ART's batches cannot have: less work for it, not more. Its own
    batch is 32."""
    from art.attacks.evasion import FastGradientMethod
    from art.estimators.classification import PyTorchClassifier

    classifier = PyTorchClassifier(
        case.model,
        nn.CrossEntropyLoss(),
        input_shape=(FEATURES,),
        nb_classes=3,
        device_type="cpu" if case.device == "cpu" else "gpu",
    )
    attack = FastGradientMethod(classifier, eps=EPSILON, batch_size=batch)
    start, label = case.x.cpu().numpy(), case.label.cpu().numpy()
    return lambda: attack.generate(start, label)


def authors_loop(case: Case, gradient: torch.Tensor) -> Callable[[], None]:
    """The step of the authors' code: column by column, counts and missing entries restored one by one."""
    defaults = torch.full((FEATURES,), -9.0, device=case.device)
    x = torch.where(case.missing, defaults, case.x)

    def loop() -> torch.Tensor:
        perturbed = x + EPSILON * gradient.sign()
        for feature in range(FEATURES):
            if case.rule.integer[feature]:
                perturbed[:, feature] = x[:, feature]
            else:
                absent = x[:, feature] == defaults[feature]
                perturbed[absent, feature] = x[absent, feature]
        return perturbed

    return loop


def step(case: Case, gradient: torch.Tensor) -> torch.Tensor:
    """The same in tensor operations."""
    batches = zip(*(tensor.split(case.chunk) for tensor in (case.x, case.missing, gradient)), strict=True)
    return torch.cat([case.rule.budget(x, missing, EPSILON).extreme(g) for x, missing, g in batches])


def ratio(ours: Callable, theirs: Callable, device: str, pairs: int) -> tuple[float, float, float]:
    """Median over pairs of our time through theirs, and both median times in seconds."""

    def seconds(run: Callable) -> float:
        began = time.perf_counter()
        run()
        if device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    seconds(ours), seconds(theirs)
    times = [(seconds(ours), seconds(theirs)) for _ in range(pairs)]
    mine, others = zip(*times, strict=True)
    return (
        statistics.median(a / b for a, b in times),
        statistics.median(mine),
        statistics.median(others),
    )


def twenty_singles(case: Case, epsilons: list[float]) -> None:
    for epsilon in epsilons:
        case.run({"name": "fgsm"}, [epsilon])


def measured(device: str, threads: int, jets: int, pairs: int) -> Iterator[tuple[float, float]]:
    """Each ratio with its limit, printed on the way."""
    torch.set_num_threads(threads)
    case = Case(jets, device)
    gradient = input_gradient(case.model, jet_cross_entropy, case.x, case.label)
    epsilons = [0.005 * number for number in range(1, 21)]
    pgd = {"name": "pgd", "steps": STEPS, "rate": 2.5, "restarts": 0}
    comparisons = [
        ("fgsm / foolbox", 0.8, case.fgsm, foolbox_fgsm),
        ("fgsm / ART", 0.35, case.fgsm, art_fgsm),
        ("fgsm / ART, all jets in one batch", math.inf, case.fgsm, partial(art_fgsm, batch=jets)),
        (
            "step / authors' loop",
            0.7,
            partial(step, case, gradient),
            partial(authors_loop, gradient=gradient),
        ),
        (
            "20-epsilon sweep / twenty singles",
            0.45,
            partial(case.run, {"name": "fgsm"}, epsilons),
            lambda case: partial(twenty_singles, case, epsilons),
        ),
        (
            f"PGD-{STEPS} / bare gradients",
            1.2,
            partial(case.run, pgd, [EPSILON]),
            lambda case: case.gradients,
        ),
    ]
    tracks = TrackCase(jets, device)
    comparisons += [
        (
            "fgsm, relations kept / covariances kept",
            3.0,
            tracks.under("consistent"),
            lambda _: tracks.under(True),
        ),
        ("fgsm, covariances kept / fgsm", 3.0, tracks.under(True), lambda _: tracks.under(False)),
        ("fgsm, relations kept / fgsm", 3.0, tracks.under("consistent"), lambda _: tracks.under(False)),
    ]
    for name, limit, ours, theirs in comparisons:
        try:
            value, mine, others = ratio(ours, theirs(case), device, pairs)
        except ImportError as error:
            print(f"{device} {threads} threads  {name:34s} skipped: {error}")
            continue
        print(
            f"{device} {threads} threads  {name:34s} {value:.2f} (limit {limit:.2f})  "
            f"{mine * 1e3:.0f} ms / {others * 1e3:.0f} ms",
            flush=True,
        )
        yield value, limit


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jets", type=int, default=65_536)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    settings = [("cpu", threads) for threads in dict.fromkeys((1, torch.get_num_threads()))]
    if torch.cuda.is_available():
        settings.append(("cuda", torch.get_num_threads()))
    print(f"torch {torch.__version__}, {options.jets} jets, {options.pairs} pairs a ratio")
    kept = [
        value <= limit
        for device, threads in settings
        for value, limit in measured(device, threads, options.jets, options.pairs)
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

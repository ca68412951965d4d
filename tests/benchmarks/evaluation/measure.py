"""The measurements; each runs in a process of its own, so that its memory is its own."""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import yaml

from robustag.attacks import AttackDefinition, Auditor
from robustag.evaluation.assess import AssessedJets, assess
from robustag.evaluation.bench import Bench, Trained
from robustag.evaluation.campaign import Baseline
from robustag.evaluation.rates import clean_cuts
from robustag.evaluation.settings import Evaluation
from robustag.features import FeatureTable
from robustag.mismodelling import mismodelled
from robustag.models import build_model
from robustag.registry import settings_of
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors, sample_jets

ROOT = Path(__file__).resolve().parents[3]
STRENGTHS, AUDITED = [0.01, 0.05], 2000
SCENARIOS: dict[str, dict] = {
    "smearing": {
        "kind": "smear",
        "unit": "sigma",
        "inputs": ["*"],
        "relative_cap": 0.2,
        "strengths": STRENGTHS,
    },
    "track order": {"kind": "swap", "strengths": [0.05, 0.2]},
}


def random_jets(jets: int, features: int) -> JetTensors:
    """Three jets an event, a fifth of the entries missing."""
    generator = torch.Generator().manual_seed(1)
    return JetTensors(
        inputs=torch.randn(jets, features, generator=generator),
        missing=torch.empty(jets, features, dtype=torch.bool).bernoulli_(0.2, generator=generator),
        label=torch.arange(jets) % 3,
        weight=0.5 + torch.rand(jets, generator=generator),
        pt=20 + 100 * torch.rand(jets, generator=generator),
        eta=4 * torch.rand(jets, generator=generator) - 2,
        event=torch.arange(jets) // 3,
        event_weight=torch.ones(jets),
    )


def inputs_of(sample: tuple[float, JetTensors]) -> tuple[float, torch.Tensor]:
    strength, changed = sample
    return strength, changed.inputs


class Case:
    """Jets, a network and the settings of the default study."""

    def __init__(self, jets: int) -> None:
        torch.set_num_threads(1)
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
        settings = {**config["evaluation"], "seed": 1}
        self.evaluation = settings_of(Evaluation, settings, "evaluation")
        table = FeatureTable.load(ROOT / "config/features/jet_flavor.yaml")
        ones = np.ones(table.size)
        self.bench = Bench(table, Normalisation(table.names, 0 * ones, ones, missing=-9 * ones))
        network = build_model({"name": "linear"}, table.size, seed=1).eval()
        self.model = Trained(network, {"loss": {"name": "cross_entropy"}})
        self.number = jets

    def assess(self) -> None:
        """One measurement of logits."""
        generator = np.random.default_rng(1)
        label = np.arange(self.number) % 3
        logits = generator.normal(size=(self.number, 3)).astype(np.float32)
        logits[np.arange(self.number), label] += 1
        columns = (20 + 100 * generator.random(self.number), 4 * generator.random(self.number) - 2)
        ones = np.ones(self.number)
        jets = AssessedJets.of(label, np.arange(self.number) // 3, *columns, ones, ones, self.evaluation)
        cuts = clean_cuts(logits, label, self.evaluation)
        assess(logits, jets, self.evaluation, cuts, {"loss": generator.random(self.number)}, logits)

    def attack(self) -> None:
        """FGSM with its audit."""
        jets = random_jets(self.number, self.bench.table.size)
        attack = self.bench.sweep(AttackDefinition.of({"name": "fgsm"}), self.model, jets, seed=1)
        audit = Auditor(attack, sample_jets(jets.event, AUDITED))

        def perturbed() -> Iterator[tuple[float, torch.Tensor]]:
            for epsilon in STRENGTHS:
                inputs = attack(epsilon)
                audit(epsilon, inputs)
                yield epsilon, inputs
                del inputs

        self._measure(perturbed(), jets)

    def scenario(self, name: str) -> None:
        """One of `SCENARIOS`."""
        jets = random_jets(self.number, self.bench.table.size)
        samples = mismodelled(
            SCENARIOS[name],
            jets,
            lambda _: jets,
            self.bench.table,
            self.bench.normalisation,
            relative_cap=None,
            seed=1,
        )
        self._measure(map(inputs_of, samples), jets)

    def _measure(self, perturbed: Iterator[tuple[float, torch.Tensor]], jets: JetTensors) -> None:
        measured_with = (self.bench.normalisation, self.evaluation)
        baseline = Baseline(self.model.network, jets, *measured_with, loss=self.model.loss)
        baseline.sweep(perturbed, "attack", "benchmark")


RUNS: dict[str, Callable[[Case], None]] = {
    "assess": Case.assess,
    "attack": Case.attack,
    "smearing": lambda case: case.scenario("smearing"),
    "track order": lambda case: case.scenario("track order"),
}


def cost(name: str, jets: int) -> tuple[float, float]:
    """CPU seconds, and peak memory in GB, of this process."""
    RUNS[name](Case(jets))
    # Kilobytes, but bytes on macOS.
    unit = 1e9 if sys.platform == "darwin" else 1e6 / 1.024
    return time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

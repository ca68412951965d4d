"""Made-up jets on a device, whose flavours a network can tell apart and an attack can confuse."""

import time
from collections.abc import Callable

import torch

from robustag.attacks import BudgetRule
from robustag.tensors.loading import JetTensors
from robustag.training.step import Batch

FEATURES, CLASSES = 184, 3
NETWORK = {"name": "mlp", "hidden": [100] * 5, "dropout": 0.1}


def jets_on(device: torch.device, number: int, seed: int = 1) -> Batch:
    """Each input leans a little towards one flavour; a fifth of the entries are missing."""
    generator = torch.Generator(device).manual_seed(seed)
    label = torch.randint(0, CLASSES, (number,), generator=generator, device=device)
    inputs = torch.randn(number, FEATURES, generator=generator, device=device)
    inputs += 0.15 * (torch.arange(FEATURES, device=device) % CLASSES == label[:, None])
    missing = torch.rand(number, FEATURES, generator=generator, device=device) < 0.2
    weight = 0.5 + torch.rand(number, generator=generator, device=device)
    return Batch(inputs.masked_fill_(missing, -1.0), missing, label, weight)


def as_tensors(jets: Batch) -> JetTensors:
    """The same jets as a training takes its validation jets."""
    rows, one = torch.arange(len(jets.label)), torch.ones(len(jets.label))
    columns = (part.cpu() for part in (jets.inputs, jets.missing, jets.label, jets.weight))
    return JetTensors(*columns, pt=one, eta=one, event=rows, event_weight=one)


def rule_on(device: torch.device) -> BudgetRule:
    """One count in twenty inputs stays where it is."""
    counts = torch.arange(FEATURES) % 20 == 7
    return BudgetRule(torch.ones(FEATURES), counts, torch.zeros(FEATURES)).to(device)


def seconds(run: Callable[[], object], device: torch.device, rounds: int = 3) -> float:
    """Of the fastest of some rounds after a first one, all that was asked of the device included."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    taken = []
    for _ in range(rounds + 1):
        wait()
        began = time.perf_counter()
        run()
        wait()
        taken.append(time.perf_counter() - began)
    return min(taken[1:])

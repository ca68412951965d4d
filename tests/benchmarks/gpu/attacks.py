"""Attacks on as many jets as the papers test: jets a second, bare passes, foolbox."""

from collections.abc import Callable, Iterator
from functools import partial

import torch

from robustag.attacks import Sweep, input_gradient
from robustag.attacks.standalone import jet_cross_entropy
from robustag.models import build_model
from tests.benchmarks.attacks.__main__ import CENTRE, EPSILON, STEPS, FromUnitCube
from tests.benchmarks.gpu.jets import NETWORK, jets_on, rule_on, seconds

ATTACKS = {
    "FGSM": {"name": "fgsm"},
    f"PGD-{STEPS}": {"name": "pgd", "steps": STEPS, "rate": 2.5, "restarts": 0},
    f"APGD-{STEPS} on the margin": {"name": "apgd", "steps": STEPS, "objective": "margin"},
}
#: Share of foolbox's time; and of that of so many bare passes, which holds for PGD.
LIMIT, LIMIT_OF_PASSES = 0.8, 1.2


class Jets:
    """Model, jets and budget, as `FromUnitCube` sees them."""

    def __init__(self, device: torch.device, number: int) -> None:
        self.device, jets = device, jets_on(device, number)
        self.x, self.missing, self.label = jets.inputs, jets.missing, jets.label
        self.rule = rule_on(device)
        self.model = build_model(NETWORK, 184, seed=1).eval().to(device)

    def attack(self, definition: dict, chunk: int) -> None:
        jets = self.model, jet_cross_entropy, self.x, self.missing, self.label, self.rule
        Sweep(definition, *jets, seed=1, chunk=chunk)(EPSILON)

    def passes(self, chunk: int) -> None:
        """One forward pass and one input gradient of every jet."""
        for x, label in zip(self.x.split(chunk), self.label.split(chunk), strict=True):
            input_gradient(self.model, jet_cross_entropy, x, label)


def foolbox_run(jets: Jets, name: str, chunk: int) -> Callable[[], None] | None:
    """The same attack of foolbox, in chunks, since it keeps several copies; None where there is none."""
    try:
        import foolbox
    except ImportError:
        return None
    if not name.startswith(("FGSM", "PGD")):
        return None

    def run() -> None:
        for rows in torch.arange(len(jets.label), device=jets.device).split(chunk):
            part = Jets.__new__(Jets)
            part.device, part.model, part.rule = jets.device, jets.model, jets.rule
            part.x, part.missing, part.label = (t[rows] for t in (jets.x, jets.missing, jets.label))
            model = foolbox.PyTorchModel(FromUnitCube(part).eval(), bounds=(0, 1), device=str(jets.device))
            criterion = foolbox.criteria.Misclassification(part.label)
            attack = (
                foolbox.attacks.LinfFastGradientAttack(random_start=False)
                if name == "FGSM"
                else foolbox.attacks.LinfPGD(steps=STEPS, rel_stepsize=2.5 / STEPS, random_start=False)
            )
            attack.run(model, torch.full_like(part.x, CENTRE), criterion, epsilon=CENTRE)

    return run


def attacks(device: torch.device, number: int, chunk: int) -> Iterator[bool]:
    """Rows of seconds; whether foolbox's time and that of the bare passes are kept."""
    jets = Jets(device, number)
    everything = number if device.type == "cuda" else chunk
    bare = seconds(partial(jets.passes, everything), device)
    print(f"{number:,} jets; a bare pass takes {bare:.3f} s")
    print(f"| attack | all jets, s | chunks of {chunk:,}, s | bare passes | foolbox, s | / foolbox (0.8) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, definition in ATTACKS.items():
        whole, parts = (seconds(partial(jets.attack, definition, c), device) for c in (everything, chunk))
        theirs = foolbox_run(jets, name, chunk)
        other = None if theirs is None else seconds(theirs, device, rounds=1)
        beside = ["-", "-"] if other is None else [f"{other:.3f}", f"{whole / other:.2f}"]
        row = [name, f"{whole:.3f}", f"{parts:.3f}", f"{whole / bare:.1f}", *beside]
        print("| " + " | ".join(row) + " |", flush=True)
        yield other is None or whole / other <= LIMIT
        if name.startswith("PGD"):
            # A step takes one pass.
            yield whole / bare <= LIMIT_OF_PASSES * STEPS

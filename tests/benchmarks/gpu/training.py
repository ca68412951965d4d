"""Trainings: recorded updates beside called ones and beside their bare graph; validation; precision."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from robustag.models import build_model
from robustag.training import build_loss, build_recipe, train_model
from robustag.training.feed import Resident, batches
from robustag.training.precision import PRECISIONS
from robustag.training.recorded import Recorded
from robustag.training.step import Moment
from robustag.training.updates import Updates
from robustag.training.validation import Validation
from tests.benchmarks.gpu.jets import NETWORK, as_tensors, jets_on, rule_on, seconds

CLEAN, FAITHFUL = {"name": "cross_entropy"}, {"name": "double_softmax_focal", "gamma": 25.0}
CASES = {
    "clean nominal": (CLEAN, {"name": "nominal"}),
    "clean FGSM": (CLEAN, {"name": "fgsm", "epsilon": 0.01, "attack_mode": "eval"}),
    "faithful nominal": (FAITHFUL, {"name": "nominal"}),
    "faithful FGSM": (FAITHFUL, {"name": "fgsm", "epsilon": 0.01, "attack_mode": "train"}),
}
#: Share of the speed of a bare replayed graph, and of the time of an epoch that its validation may take.
LEAST_SPEED, MOST_VALIDATION = 0.8, 0.1


class Course:
    """A training that is stepped through by hand."""

    def __init__(
        self, case: str, device: torch.device, *, recorded: bool, precision: str = "float32"
    ) -> None:
        loss, recipe = CASES[case]
        self.loss, self.rule = build_loss(loss), rule_on(device)
        self.model = build_model(NETWORK, 184, seed=1).to(device).train()
        rate = {"lr": torch.tensor(1e-3, device=device), "capturable": True} if device.type == "cuda" else {}
        optimiser = torch.optim.Adam(self.model.parameters(), fused=True, **rate)
        self.update: Updates | Recorded = Updates(
            self.model, optimiser, build_recipe(recipe, self.loss, self.rule), precision
        )
        if recorded:
            self.update = Recorded(self.update, 0)
        self.moment = Moment(0, torch.Generator(device))

    def epoch(self, jets: Resident, size: int) -> None:
        """Every jet once; all epochs draw the same numbers."""
        self.moment.generator.manual_seed(1)
        torch.manual_seed(1)
        for batch in batches(jets, size, self.moment.generator):
            self.update(batch, self.moment)

    def bare(self, times: int) -> None:
        """The recorded graph alone, so many times."""
        (kind,) = self.update._kinds.values()
        for _ in range(times):
            kind.graph.replay()


def speeds(device: torch.device, sizes: list[int], updates: int) -> Iterator[bool]:
    """Rows of jets a second; whether recorded updates are fast enough and give the weights of called ones."""
    print("Thousand jets a second; recorded / bare has the limit 0.8.\n")
    print("| batch | training | called | recorded | bare graph | recorded / bare | weights differ by |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in sizes:
        jets = Resident(jets_on(device, size * min(updates, max(8, 2**22 // size))))
        steps = len(jets) // size
        for case in CASES:
            called, recorded = (Course(case, device, recorded=way) for way in (False, device.type == "cuda"))
            slow, fast = (seconds(partial(c.epoch, jets, size), device) for c in (called, recorded))
            pairs = zip(called.model.parameters(), recorded.model.parameters(), strict=True)
            apart = max((a - b).detach().abs().max().item() for a, b in pairs)
            rates = [len(jets) / taken / 1e3 for taken in (slow, fast)]
            row = [size, case, *(f"{rate:,.0f}" for rate in rates)]
            if device.type == "cuda":
                bare = seconds(partial(recorded.bare, steps), device)
                row += [f"{len(jets) / bare / 1e3:,.0f}", f"{bare / fast:.2f}"]
                yield bare / fast >= LEAST_SPEED
            else:
                row += ["-", "-"]
            yield apart <= 1e-6
            print("| " + " | ".join(map(str, [*row, f"{apart:.1e}"])) + " |", flush=True)


def validation(device: torch.device, jets: int, held_out: int, size: int) -> Iterator[bool]:
    """Seconds of an epoch at the papers' size and of the validation behind it."""
    resident, rule = Resident(jets_on(device, jets)), rule_on(device)
    print("| training | epoch, s | validation, s | share (limit 0.1) | its epochs, minutes |")
    print("| --- | --- | --- | --- | --- |")
    for case, epochs in (("clean nominal", 497), ("clean FGSM", 1000)):
        course = Course(case, device, recorded=device.type == "cuda")
        epoch = seconds(partial(course.epoch, resident, size), device, rounds=2)
        check = Validation(jets_on(device, held_out, seed=2), course.loss, rule, 0.01, 2000)
        after = seconds(partial(check, course.model), device, rounds=2)
        share, minutes = after / (epoch + after), epochs * (epoch + after) / 60
        print(f"| {case} | {epoch:.3f} | {after:.3f} | {share:.2f} | {epochs}: {minutes:.1f} |", flush=True)
        yield share <= MOST_VALIDATION


def precisions(device: torch.device, jets: int, sizes: list[int], folder: Path) -> None:
    """What other precisions of the products buy and change, with one seed."""
    print(
        "| precision | "
        + " | ".join(f"us an update of {size:,}" for size in sizes)
        + " | AUC raw | under FGSM |"
    )
    print("| --- |" + " --- |" * (len(sizes) + 2))
    held_out = jets_on(torch.device("cpu"), 20_000, seed=3)
    for precision in PRECISIONS:
        times = []
        for size in sizes:
            course = Course("clean nominal", device, recorded=device.type == "cuda", precision=precision)
            sample = Resident(jets_on(device, 16 * size))
            times.append(seconds(partial(course.epoch, sample, size), device) / 16)
        schedule = {"name": "adam", "learning_rate": 1e-3, "decay": {"name": "cosine"}, "batch_size": 1024}
        trained = train_model(
            {
                "network": NETWORK,
                "loss": CLEAN,
                "recipe": {"name": "nominal"},
                "optimiser": schedule | {"epochs": 3, "precision": precision},
                "checkpoints": [],
            },
            Resident(jets_on(device, jets)),
            as_tensors(held_out),
            rule_on(device),
            validation_rule=rule_on(device),
            settings={"epsilon": 0.05, "monitored": 2000},
            seed=1,
            device=str(device),
            checkpoint=folder / f"{precision}.checkpoint",
            fingerprint="",
            progress=lambda row: None,
        )
        last = trained.history.iloc[-1]
        aucs = last["validation_auc_bvl"], last["adversarial_auc_bvl"]
        row = [precision, *(f"{1e6 * taken:,.0f}" for taken in times), *(f"{auc:.5f}" for auc in aucs)]
        print("| " + " | ".join(row) + " |", flush=True)

"""Passes through a network of jobs that look at some jets in many ways, from their settings and tables."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch

from robustag.attacks import AttackDefinition
from robustag.classes import CLASSES
from robustag.files import read_table
from robustag.surface.directions import ALIGNED
from robustag.tensors.loading import JetShards
from tests.benchmarks.study.jobs import Job
from tests.benchmarks.study.passes import Passes, passes_of


class Look(NamedTuple):
    """Passes of each of so many jets, and their precision."""

    jets: int
    passes: Passes
    precision: torch.dtype = torch.float32


def looks(job: Job, results: Path) -> Iterator[Look]:
    """What a job does with the network; nothing for a rule that is not one of these."""
    if job.rule in _LOOKS:
        yield from _LOOKS[job.rule](job, results)


def _align(job: Job, results: Path) -> Iterator[Look]:
    """An attack; clean, attacked, and moved by each part of the attack as it is and as long as the attack."""
    jets = _test_jets(job.inputs["nominal"], results)
    yield Look(jets, passes_of(AttackDefinition.of(job.params["attack"]), 1))
    yield Look(jets, Passes(2 + 2 * _rows(job, results, "spans", ["span"]).size, 0))


def _distances(job: Job, results: Path) -> Iterator[Look]:
    """Attacks, whose inputs are then compared."""
    strengths = len(job.params["settings"]["distances"]["epsilons"])
    for attack in job.params["attacks"].values():
        definition = AttackDefinition.of(attack)
        jets = definition.jets or _test_jets(job.inputs["tensors"], results)
        yield Look(jets, passes_of(definition, strengths))


def _epochs(job: Job, results: Path) -> Iterator[Look]:
    """Attacks on the references and on the weights of each epoch; every sample that these are shown."""
    jets = job.params["settings"]["epochs"]["jets"]
    shown = _rows(job, results, "epochs", ["epoch", "source", "crafted_on", "perturbation"])
    attacked = shown["epoch"].nunique() + len(job.params["references"])
    attack, _ = job.params["perturbations"].values()
    for _ in range(attacked):
        yield Look(jets, passes_of(AttackDefinition.of(attack), 1))
    yield Look(jets, Passes(len(shown), 0))


def _groups(job: Job, results: Path) -> Iterator[Look]:
    """Raw jets, and an attack on each group of inputs and on all but those."""
    jets = job.params["settings"]["groups"]["jets"]
    for name, attack in job.params["attacks"].items():
        turns = _rows(job, results, "groups", ["family", "group", "moved"], attack=name)
        yield Look(jets, Passes(len(turns), 0))
        for _ in range(len(turns) - 1):
            yield Look(jets, passes_of(AttackDefinition.of(attack), 1))


def _optimality(job: Job, results: Path) -> Iterator[Look]:
    """Attacks, and the end of each."""
    jets = job.params["settings"]["optimality"]["jets"]
    for attack in job.params["attacks"].values():
        yield Look(jets, passes_of(AttackDefinition.of(attack), 1))
        yield Look(jets, Passes(1, 0))


def _surface(job: Job, results: Path) -> Iterator[Look]:
    """Planes, derivatives and steps in double precision, borders and surfaces of weights in single."""
    surface = job.params["settings"]["surface"]
    average, weights = surface["average"], surface["weights"]
    for jets, planes, points in (
        (1, len(surface["pairs"]), surface["points"]),
        (average["jets"] * len(CLASSES), 1, average["points"]),
    ):
        yield Look(jets, Passes((planes + len(ALIGNED)) * points**2, 0), torch.float64)
    many = surface["jets"] * len(CLASSES)
    steps = sum(epsilon > 0 for epsilon in job.params["settings"]["epsilons"])
    # Gradients of loss and margin, and those before and behind the steps; each jet's own nine points; the
    # gradient whose derivative is the curvature, and products with that, which go both ways.
    derivatives = 2 + (1 + steps) + (1 + surface["lanczos"])
    yield Look(many, Passes(derivatives + 9, derivatives), torch.float64)
    yield Look(many, passes_of(AttackDefinition.of({"name": "deepfool", **surface["boundary"]}), 1))
    grid = weights["points"] ** 2
    yield Look(weights["jets"] * len(CLASSES), Passes(2 * grid, grid))


_LOOKS: dict[str, Callable[[Job, Path], Iterator[Look]]] = {
    "align": _align,
    "distances": _distances,
    "epochs": _epochs,
    "groups": _groups,
    "optimality": _optimality,
    "surface": _surface,
}


def _test_jets(tensors: list[str], results: Path) -> int:
    """Their number, by the files that a job has read."""
    paths = (results / "tensors" / path.partition("/tensors/")[2] for path in tensors)
    return len(JetShards(paths, "test"))


def _rows(job: Job, results: Path, table: str, columns: list[str], **wanted: str) -> pd.DataFrame:
    """What a job has in a collected table, each combination of some columns once."""
    rows = read_table(results / f"tables/{table}.parquet")
    of = {"model": job.wildcards["model"], "seed": int(job.wildcards["seed"]), **wanted}
    mine = (rows[list(of)] == pd.Series(of)).all(axis=1)
    return rows[mine][columns].drop_duplicates()

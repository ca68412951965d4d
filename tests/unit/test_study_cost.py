"""What a study cost beside what it cannot do without: on planted records and tables, and by closed forms."""

import json
import re
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from tests.benchmarks.study import irreducible
from tests.benchmarks.study.__main__ import report
from tests.benchmarks.study.jobs import STAGES, Job, jobs_of
from tests.benchmarks.study.looks import looks
from tests.benchmarks.study.passes import passes_of, passes_of_step
from tests.benchmarks.study.products import products_of
from tests.unit.attacks.definitions import DEFINITIONS
from tests.unit.attacks.test_listing import EPSILONS, FORWARD

from robustag.attacks import ATTACKS, AttackDefinition
from robustag.files import write_table
from robustag.models import build_model
from robustag.tensors.store import write_store

PGD = {"name": "pgd", "steps": 5, "rate": 2.5, "restarts": 1}


@pytest.mark.parametrize("name", ATTACKS)
def test_passes_of_an_attack_are_those_that_it_takes(name):
    assert passes_of(AttackDefinition.of(DEFINITIONS[name]), len(EPSILONS)).forwards == FORWARD[name]


def test_passes_backwards():
    assert passes_of(AttackDefinition.of(PGD), 3) == (3 * (5 * 2 + 2), 3 * 5 * 2)
    assert passes_of(AttackDefinition.of({"name": "deepfool", "steps": 10, "overshoot": 0.1}), 3) == (10, 20)


@pytest.mark.parametrize(
    ("recipe", "weights", "inputs"),
    [
        ({"name": "nominal"}, 1, 0),
        ({"name": "fgsm"}, 1, 1),
        ({"name": "fgsm", "share": 0.5}, 1, 0.5),
        (PGD, 1, 10),
        ({"name": "free", "replays": 3}, 3, 0),
        ({"name": "trades", "steps": 2}, 2, 3),
        ({"name": "adversarial", "attack": PGD}, 1, 10),
        ({"name": "augmented", "share": 0.5}, 1, 0),
        ({"name": "paired"}, 2, 0),
        ({"name": "domain"}, 1.5, 0),
    ],
)
def test_passes_of_a_step_of_a_training(recipe, weights, inputs):
    assert passes_of_step(recipe) == (weights, inputs)


def test_products_of_dense_layers():
    widths = list(pairwise([12, 7, 5, 3]))
    network = {"name": "mlp", "hidden": [7, 5], "dropout": 0.1}
    found = products_of(build_model(network, 12, seed=1), 40, 12)
    cost = {
        what: sum(a.shape[0] * a.shape[1] * b.shape[1] for a, b in pairs) for what, pairs in found.items()
    }
    once = 40 * sum(before * after for before, after in widths)
    # To the weights of all layers, and to all values but the inputs.
    assert cost == {"forwards": once, "inputs": once, "weights": 2 * once - 40 * 12 * 7}


def test_every_rule_of_a_stage_is_one(root):
    files = (root / "workflow/rules").glob("*.smk")
    rules = {name for path in files for name in re.findall(r"^ *rule (\w+):", path.read_text(), re.MULTILINE)}
    # Made from others, by `use rule`.
    used = {
        name
        for path in (root / "workflow/rules").glob("*.smk")
        for name in re.findall(r"use rule \w+ as (\w+)", path.read_text())
    }
    assert {rule for listed in STAGES.values() for rule in listed} <= rules | used


def test_jobs_are_read_from_their_records(tmp_path):
    for name, rule in (("train/a.seed1", "train"), ("claims", "claims")):
        path = tmp_path / f"logs/{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        spent = "wall 9.0 s, CPU 12.5 s, peak memory 300 MiB"
        path.write_text(
            json.dumps({"rule": rule, "wildcards": {}, "params": {}, "inputs": {}, "spent": spent})
        )
    claims, train = sorted(jobs_of(tmp_path))
    assert (train.stage, train.cpu, train.memory) == ("train", 12.5, 300)
    assert claims.stage == "tables, verdicts, figures"


def test_the_whole_counts_stages_without_a_bound():
    jobs = [Job("train", {}, {}, 30.0, 500), Job("train", {}, {}, 10.0, 700), Job("index", {}, {}, 20.0, 90)]
    lines, ratio = report(jobs, Counter({"train": 20.0}))
    assert ratio == 3.0
    assert "| train | 2 | 40 | 20.00 | 700 | 20.0 | 2.00 |" in lines
    assert "| tensors | 1 | 20 | 20.00 | 90 |  |  |" in lines


def test_collisions_of_a_chunk(monkeypatch):
    def bare(sample, events):
        assert sample == {"process": "ttbar", "pythia": ["Tune:pp = 14"]}
        return 2.0 + 0.5 * events

    monkeypatch.setattr(irreducible, "bare_pythia", bare)
    params = {
        "sample": {"process": "ttbar", "events": 50},
        "generator": {"events_per_chunk": 40},
        "pythia": ["Tune:pp = 14"],
    }
    full, rest = (irreducible.collisions(Job("generate", {"chunk": c}, params, 0.0, 0)) for c in ("0", "1"))
    assert (full, rest) == (2.0 + 0.5 * 40, 2.0 + 0.5 * 10)


def test_clean_jets_are_measured_once(tmp_path):
    common = {"model": "m", "seed": 1, "discriminator": "b", "metric": "auc", "n": 100, "replicates": 0.0}
    metrics = [
        common | {"kind": kind, "perturbation": perturbation, "epsilon": epsilon}
        for kind, perturbation, epsilon in [
            *(("attack", "fgsm", epsilon) for epsilon in (0.0, 0.1, 0.2)),
            *(("attack", "noise", epsilon) for epsilon in (0.0, 0.1)),
            *(("scenario", "swap", epsilon) for epsilon in (0.0, 0.1)),
        ]
    ]
    few = [common | {"n": 50, "kind": "attack", "perturbation": "pgd", "epsilon": e} for e in (0.0, 0.1)]
    shown = [row | {"target": "other", "kind": "transfer"} for row in few]
    for name, rows in {"metrics": metrics + few, "pareto": few, "transfer": shown}.items():
        write_table(pd.DataFrame(rows), tmp_path / f"{name}.parquet")
    rows = [SimpleNamespace(**row._asdict()) for row in irreducible.measured(tmp_path)]
    counted = Counter((row.kind, row.target, row.epsilon, row.n) for row in rows)
    assert counted == {
        ("attack", "m", 0.0, 100): 1,
        ("attack", "m", 0.1, 100): 2,
        ("attack", "m", 0.2, 100): 1,
        ("scenario", "m", 0.1, 100): 1,
        ("attack", "m", 0.0, 50): 1,
        ("attack", "m", 0.1, 50): 1,
        ("transfer", "other", 0.0, 50): 1,
        ("transfer", "other", 0.1, 50): 1,
    }


def job_of(rule, params, **inputs):
    return Job(rule, {"model": "m", "seed": "1"}, params, 0.0, 0, inputs)


def counted(job, results, precision=torch.float32):
    """Passes of all jets together, forwards and backwards."""
    found = [look for look in looks(job, results) if look.precision == precision]
    return tuple(sum(look.jets * look.passes[way] for look in found) for way in (0, 1))


def plant(results, table, *rows):
    """A collected table with these rows of the job, of two discriminators, and more rows of other jobs."""
    jobs = [{"model": "m", "seed": 1}, {"model": "other", "seed": 1}, {"model": "m", "seed": 2}]
    others = [{column: f"not {value}" for column, value in row.items()} for row in rows]
    kept = [of | row | {"discriminator": name} for of in jobs[:1] for row in rows for name in ("BvL", "CvL")]
    kept += [of | row | {"discriminator": "BvL"} for of in jobs[1:] for row in others]
    write_table(pd.DataFrame(kept), results / f"tables/{table}.parquet")


def test_passes_of_groups_and_epochs(tmp_path):
    turns = [("", "", "raw"), ("", "", "all"), ("block", "track", "alone"), ("block", "track", "frozen")]
    names = ("family", "group", "moved")
    plant(tmp_path, "groups", *(dict(zip(names, turn, strict=True), attack="fgsm") for turn in turns))
    groups = job_of("groups", {"attacks": {"fgsm": {"name": "fgsm"}}, "settings": {"groups": {"jets": 10}}})
    # Each is predicted, and all but raw jets are attacked by one forward and one backward pass.
    assert counted(groups, tmp_path) == (10 * (4 + 3), 10 * 3)
    shown = [("none", "", "raw"), ("reference", "r", "fgsm"), ("self", "", "fgsm")]
    names = ("source", "crafted_on", "perturbation")
    seen = [dict(zip(names, each, strict=True), epoch=epoch) for epoch in ("1", "5") for each in shown]
    plant(tmp_path, "epochs", *seen)
    perturbations = {"fgsm": {"name": "fgsm"}, "noise": {"name": "noise"}}
    params = {"settings": {"epochs": {"jets": 7}}, "references": ["r"], "perturbations": perturbations}
    assert counted(job_of("epochs", params), tmp_path) == (7 * (6 + 3), 7 * 3)


def five_test_jets(results):
    """A file with so many, as a job names it."""
    jets = {name: np.zeros(9, dtype=kind) for name, kind in {"inputs": "f4", "label": "i8"}.items()}
    path = results / "tensors/ttbar/nominal/0000.safetensors"
    path.parent.mkdir(parents=True)
    write_store(jets, np.array([2, 4, 9]), path)
    return ["results/some/tensors/ttbar/nominal/0000.safetensors"]


def test_passes_of_attacks_whose_inputs_are_compared(tmp_path):
    attacks = {"fgsm": {"name": "fgsm"}, "few": PGD | {"jets": 3}}
    params = {"attacks": attacks, "settings": {"distances": {"epsilons": [0.1, 0.2], "jets": 4}}}
    job = job_of("distances", params, tensors=five_test_jets(tmp_path))
    # The gradient of FGSM serves both strengths.
    assert counted(job, tmp_path) == (5 * 1 + 3 * 2 * 12, 5 * 1 + 3 * 2 * 10)


def test_every_comparison_by_networks_counts(tmp_path, monkeypatch):
    rows = [{"distance": name} for name in ("classifier_auc", "js", "classifier_auc", "needed_by_classifier")]
    write_table(pd.DataFrame(rows), tmp_path / "tables/distances.parquet")
    job = Job("distances", {}, {"settings": {"distances": {"jets": 40}}}, 0.0, 0)
    assert list(irreducible.compared([job, job], tmp_path)) == [40, 40]
    assert list(irreducible.compared([], tmp_path)) == []
    made = []
    monkeypatch.setattr(irreducible, "multiplied", lambda pairs: made.extend(pairs) or 1.0)
    irreducible.told_apart.__wrapped__(6)
    # Five networks at once, 10 epochs of two batches, three products forwards, five back; and all scores.
    assert len(made) == 10 * 2 * (3 + 5) + 3
    assert {pair[0].shape[0] for pair in made} == {5}


def test_passes_of_parts_of_an_attack_are_those_of_the_jets_in_the_files(tmp_path):
    nominal = five_test_jets(tmp_path)
    plant(tmp_path, "spans", {"span": "flavour"}, {"span": "jet"})
    # The attack; clean and attacked jets; both parts, in two lengths each.
    align = job_of("align", {"attack": {"name": "fgsm"}}, nominal=nominal)
    assert counted(align, tmp_path) == (5 * (1 + 2 + 4), 5)


def test_passes_of_a_surface_and_of_optimality(tmp_path):
    surface = {
        "pairs": [{}],
        "points": 11,
        "average": {"jets": 2, "points": 5},
        "jets": 100,
        "lanczos": 4,
        "boundary": {"steps": 10, "overshoot": 0.1},
        "weights": {"jets": 3, "points": 7},
    }
    job = job_of("surface", {"settings": {"surface": surface, "epsilons": [0.0, 0.1, 0.2]}})
    planes, derivatives = 4 * (11**2 + 6 * 5**2), 2 + 3 + 5
    assert counted(job, tmp_path, torch.float64) == (planes + 300 * (derivatives + 9), 300 * derivatives)
    assert counted(job, tmp_path) == (300 * 10 + 2 * 9 * 49, 300 * 20 + 9 * 49)
    attacks = {"fgsm": {"name": "fgsm"}, "pgd": PGD}
    job = job_of("optimality", {"attacks": attacks, "settings": {"optimality": {"jets": 8}}})
    assert counted(job, tmp_path) == (8 * (1 + 12 + 2), 8 * (1 + 10))
    assert list(looks(job_of("claims", {}), tmp_path)) == []


def test_products_have_the_precision_of_the_network():
    network = build_model({"name": "mlp", "hidden": [7], "dropout": 0.1}, 12, seed=1).double()
    pairs = products_of(network, 40, 12)
    assert {one.dtype for both in pairs.values() for pair in both for one in pair} == {torch.float64}

"""Where an attack hurts: on one group of inputs alone, and on all others while this group stays."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from robustag.attacks import AttackDefinition, check_budget
from robustag.classes import CLASSES
from robustag.evaluation import ALL, ALONE, FROZEN, RAW
from robustag.evaluation.bench import Bench, Trained
from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import DISCRIMINATORS, log_odds
from robustag.evaluation.roc import area
from robustag.evaluation.settings import Evaluation

if TYPE_CHECKING:
    from robustag.features import FeatureTable
    from robustag.tensors.loading import JetTensors


class Group(NamedTuple):
    """Some inputs of one data set: by kind, block or place, its name, which ones bool [F]."""

    family: str
    name: str
    inputs: np.ndarray


def input_groups(table: "FeatureTable") -> list[Group]:
    """The inputs of a feature table, parted in three ways.

    By ``kind``: the groups of the table in each block, the covariances of a block apart; by ``block``; by
    ``place``: the elements in a place, and what is the jet's own. A way that leaves all inputs together is
    left out.
    """
    kinds, blocks, places = [], [], []
    for each in table.inputs:
        matrix = each.role is not None and each.role.kind in ("variance", "covariance")
        group = each.variable.group
        kind = "covariances" if matrix else group
        # In its own block a group needs no more words.
        own = group == each.block and (not matrix or len(table.element_blocks) == 1)
        kinds.append(kind if own else f"{kind} of {each.block}")
        blocks.append(each.block)
        places.append("jet" if each.place is None else f"{each.block} {each.place + 1}")
    found = []
    for family, names in (("kind", kinds), ("block", blocks), ("place", places)):
        distinct = list(dict.fromkeys(names))
        if len(distinct) > 1:
            found += [Group(family, name, np.array([one == name for one in names])) for name in distinct]
    return found


def group_aucs(
    bench: Bench,
    definition: AttackDefinition,
    target: Trained,
    jets: "JetTensors",
    epsilon: float,
    discriminators: Sequence[str],
    evaluation: Evaluation,
    seed: int,
) -> pd.DataFrame:
    """AUC of one model under an attack on each group of inputs alone, and on all inputs but those.

    Parameters
    ----------
    bench, definition, target
        The attack and the model.
    jets : JetTensors
        The same for every group.
    epsilon : float
        Strength.
    discriminators : sequence of str
        Names.
    evaluation : Evaluation
        Has the replicates.
    seed : int
        Of a random attack.

    Returns
    -------
    DataFrame
        family, group ("" for no input and for all), moved (`RAW`, `ALL`, `ALONE`, `FROZEN`), inputs (number
        that may move), epsilon, discriminator, metric (auc), working_point (NaN), value, low, high (68 %,
        bootstrap), n (jets), replicates. Groups without an input that may move have no rows.
    """
    label, event, weight = (part.cpu().numpy() for part in (jets.label, jets.event, jets.event_weight))
    weights = replicas(event, weight, evaluation.bootstrap, evaluation.seed)
    of = [np.flatnonzero(label == flavour) for flavour in range(len(CLASSES))]
    rule = bench.rule(definition.budget)
    free = (rule.scale.cpu().numpy() > 0) & ~bench.table.integer
    rows: list[dict] = []
    for group, moved, inputs in _turns(input_groups(bench.table), free):
        perturbed = jets.inputs
        if inputs.any():
            attack = bench.sweep(definition, target, jets, seed=seed, only=inputs)
            perturbed = attack(epsilon)
            check_budget(attack, epsilon, perturbed)
        logits = predict(target.network, perturbed)
        front = {**group, "moved": moved, "inputs": int(inputs.sum()), "epsilon": float(epsilon)}
        for d in DISCRIMINATORS:
            if d.name not in discriminators:
                continue
            signal, background = of[d.signal], of[d.background]
            value, low, high, replicates = area(log_odds(logits, d), signal, background, weights)
            auc = {"discriminator": d.name, "metric": "auc", "working_point": np.nan}
            auc |= {"value": value, "low": low, "high": high, "n": len(signal) + len(background)}
            rows.append({**front, **auc, "replicates": replicates.astype(np.float32)})
    return pd.DataFrame(rows)


def _turns(groups: Sequence[Group], free: np.ndarray) -> Iterator[tuple[dict, str, np.ndarray]]:
    """What is attacked in turn: family and group, what moves, and which inputs those are, bool [F]."""
    nothing = {"family": "", "group": ""}
    yield nothing, RAW, np.zeros_like(free)
    yield nothing, ALL, free
    for group in groups:
        if (free & group.inputs).any():
            name = {"family": group.family, "group": group.name}
            yield name, ALONE, free & group.inputs
            yield name, FROZEN, free & ~group.inputs

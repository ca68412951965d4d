"""Tagging numbers that no perturbation of a budget can undercut, beside those under the best attack found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import torch
from torch import Tensor, nn

from robustag.attacks import BudgetRule, Sweep, check_budget
from robustag.attacks.objectives import OBJECTIVES
from robustag.attacks.problem import PerJetLoss, logit_margin
from robustag.classes import CLASSES
from robustag.evaluation.certificates.bounds import Bounds, Enclosure, enclosed
from robustag.evaluation.certificates.leads import (
    EFFORT,
    interval_method,
    least_leads,
    proven_method,
    worst_odds,
)
from robustag.evaluation.certificates.network import AffineLayer, affine_layers, forward
from robustag.evaluation.certificates.tally import Tally, certificate_cuts
from robustag.evaluation.discriminators import DISCRIMINATORS, Discriminator
from robustag.evaluation.settings import Evaluation
from robustag.models import in_mode

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

METHODS = {"interval": interval_method, "proven": proven_method}


@dataclass(frozen=True)
class Certificates:
    """What is certified; the section ``certificates`` of a configuration.

    Attributes
    ----------
    epsilons : sequence of float
        Sizes of the budget, in scaled units.
    jets : int
        Test jets.
    attacks : sequence of mapping
        Definitions; their objective "loss" is what is bounded.
    discriminators : sequence of str
        Names of those whose numbers are bounded.
    """

    epsilons: Sequence[float]
    jets: int
    attacks: Sequence[Mapping]
    discriminators: Sequence[str]


class BrokenCertificateError(RuntimeError):
    """An attack went beyond a bound: a defect of the bound, whose numbers must not be shown."""


def certify(
    model: nn.Module,
    jets: "JetTensors",
    reference: "JetTensors",
    rule: BudgetRule,
    certificates: Certificates,
    evaluation: Evaluation,
    seed: int,
) -> pd.DataFrame:
    """Bracket a model's numbers at each epsilon, between certificate and attack, on the same jets.

    A certificate gives every signal jet the lowest and every background jet the highest log-odds that its
    box of inputs allows; an attack moves each jet so. A perturbation that moves all jets at once can do no
    worse than the first. Working points are cuts on the clean log-odds of all reference jets.

    Parameters
    ----------
    model : Module
        Linear layers with ReLU; see `affine_layers`. It is attacked without dropout; every part of
        it keeps its mode.
    jets, reference : JetTensors
        The jets, and the clean ones that fix the cuts.
    rule : BudgetRule
        L-infinity budget, whose intervals are the boxes. What else it demands, such as valid covariances,
        makes the certificate no less true, but less tight.
    certificates : Certificates
    evaluation : Evaluation
        Has the working points and the replicates.
    seed : int
        Of the attack.

    Returns
    -------
    DataFrame
        method (interval, proven, attack), epsilon (0 added), discriminator ("all" for the accuracy), flavour
        of the jets, metric (accuracy, auc, fixed_cut_efficiency, fixed_cut_mistag), working_point, value,
        low, high (68 %, exact binomial for a share, bootstrap for an AUC), n and replicates (of an AUC).

    Raises
    ------
    InputError
        If the model cannot be certified, or a flavour has no jet.
    BrokenCertificateError
        If the attack found what a certificate excludes.
    """
    layers = affine_layers(model)
    chosen = [d for d in DISCRIMINATORS if d.name in certificates.discriminators]
    cuts = certificate_cuts(
        forward(layers, reference.inputs), reference.label, reference.event_weight, chosen, evaluation.mistags
    )
    tally = Tally(jets, chosen, cuts, evaluation)
    definition = {"name": "worst_case", "members": certificates.attacks, "objective": "loss"}

    def strongest(loss: PerJetLoss, flavours: frozenset[int]) -> tuple[Tensor, Sweep]:
        (of,) = torch.isin(jets.label, jets.label.new_tensor(sorted(flavours))).nonzero(as_tuple=True)
        part = jets.select(of)
        case = (part.inputs, part.missing, part.label, rule)
        return of, Sweep(definition, model, loss, *case, seed=seed, key=part.key)

    # Each number is attacked on its own, so that it is compared with its own bound. Of two flavours it is the
    # same whichever is the signal.
    raising = {_flavours(d): OBJECTIVES[d.name] for d in chosen}
    every = frozenset(range(len(CLASSES)))
    raising[every] = OBJECTIVES["margin"]
    with in_mode(model, training=False):
        attacks = {flavours: strongest(loss, flavours) for flavours, loss in raising.items()}
        clean = forward(layers, jets.inputs)
        rows: dict[float, list[dict]] = {}
        inside: Enclosure | None = None
        # What is settled over a box is settled inside it, so that the widest comes first.
        for epsilon in sorted({0.0, *certificates.epsilons}, reverse=True):
            budget = rule.budget(jets.inputs, jets.missing, epsilon)
            box = Bounds(budget.lower.double(), budget.upper.double())
            inside = enclosed(layers, box, EFFORT, inside)
            logits = {
                flavours: clean.index_copy(0, of, _attacked(attack, layers, epsilon))
                for flavours, (of, attack) in attacks.items()
            }
            attacked = {d.name: _odds(logits[_flavours(d)], d) for d in chosen}
            margin = logit_margin(logits[every], jets.label)
            found = rows[epsilon] = []
            for name, method in METHODS.items():
                leads = least_leads(layers, inside, jets.label, method)
                odds = {d.name: worst_odds(leads, jets.label, d) for d in chosen}
                worst = _worst_margin(leads, jets.label)
                for d in chosen:
                    # Of jets of other flavours than these two no bound is made, and none counts.
                    toward = (jets.label == d.signal).double() - (jets.label == d.background).double()
                    _check(name, d.name, epsilon, toward * odds[d.name], toward * attacked[d.name])
                _check(name, "margin", epsilon, -worst, -margin)
                found += tally.rows(name, epsilon, odds, worst)
            found += tally.rows("attack", epsilon, attacked, margin)
    return pd.DataFrame([row for epsilon in sorted(rows) for row in rows[epsilon]])


def _flavours(discriminator: Discriminator) -> frozenset[int]:
    return frozenset({discriminator.signal, discriminator.background})


def _odds(logits: Tensor, discriminator: Discriminator) -> Tensor:
    return logits[:, discriminator.signal] - logits[:, discriminator.background]


def _attacked(attack: Sweep, layers: Sequence[AffineLayer], epsilon: float) -> Tensor:
    """Logits float64 [N, C] of the attacked jets."""
    inputs = attack(epsilon)
    check_budget(attack, epsilon, inputs)
    return forward(layers, inputs.to(layers[0].weight.device))


def _worst_margin(least: Tensor, label: Tensor) -> Tensor:
    """Highest difference of a wrong logit and the true one, [N]."""
    return (-least).scatter(1, label[:, None], -torch.inf).amax(dim=1)


def _check(method: str, quantity: str, epsilon: float, bound: Tensor, attacked: Tensor) -> None:
    if bool((attacked < bound).any()):
        jet = int((attacked - bound).argmin())
        raise BrokenCertificateError(
            f"{method} bounds {quantity} of jet {jet} by {bound[jet]:g} at epsilon {epsilon:g}, "
            f"and an attack reaches {attacked[jet]:g}"
        )

"""What attacks raise: numbers of each jet that grow as its flavour is read less well."""

import torch
from torch import Tensor

from robustag.attacks.problem import PerJetLoss, logit_margin
from robustag.classes import DISCRIMINATED, LIGHT, B, C
from robustag.registry import choose


def probability_margin(logits: Tensor, label: Tensor) -> Tensor:
    """Largest probability of a wrong flavour minus that of the true one, [N] (PMA, arXiv:2411.15210).

    Unlike the margin of logits it is bounded: it is steep where a jet is near the border.
    """
    return logit_margin(torch.softmax(logits, dim=1), label)


def difference_of_logits_ratio(logits: Tensor, label: Tensor) -> Tensor:
    """Logit margin over the largest difference of two logits, in [-1, 1], [N]: no scale of logits changes it.

    Equation 6 of arXiv:2003.01690, ``-(z_y - max_{i != y} z_i) / (z_1st - z_3rd)``, whose third largest logit
    is the smallest where there are three. It is 1, without a gradient, where the true flavour is last.
    """
    spread = logits.amax(dim=1) - logits.amin(dim=1)
    return logit_margin(logits, label) / spread.clamp(min=torch.finfo(logits.dtype).tiny)


def against(discriminator: str) -> PerJetLoss:
    """What a discriminator falls by: its log-ratio ``z_s - z_b``, down for signal and up for background jets.

    Jets of the third flavour are not in its numbers and stay: theirs is zero, whatever the inputs.
    """
    signal, background = DISCRIMINATED[discriminator]

    def objective(logits: Tensor, label: Tensor) -> Tensor:
        ratio = logits[:, signal] - logits[:, background]
        return ratio * ((label == background).to(ratio.dtype) - (label == signal).to(ratio.dtype))

    return objective


def towards(flavour: int) -> PerJetLoss:
    """Logit of `flavour` minus that of the true one; zero, whatever the inputs, for jets of that flavour."""

    def objective(logits: Tensor, label: Tensor) -> Tensor:
        return logits[:, flavour] - logits.gather(1, label[:, None])[:, 0]

    return objective


#: By name, beside "loss".
OBJECTIVES: dict[str, PerJetLoss] = {
    "margin": logit_margin,
    "probability_margin": probability_margin,
    "dlr": difference_of_logits_ratio,
    "BvL": against("BvL"),
    "BvC": against("BvC"),
    "CvB": against("CvB"),
    "CvL": against("CvL"),
    "towards_b": towards(B),
    "towards_c": towards(C),
    "towards_light": towards(LIGHT),
}


def objective_of(name: str) -> PerJetLoss | None:
    """What the objective of a definition raises; None for "loss", which is whatever the model's is.

    Raises
    ------
    InputError
        If there is no such objective.
    """
    return choose({"loss": None, **OBJECTIVES}, name, "objective")

"""How far any change of inputs within a box can move a rate at a fixed cut, over all pT and in its bins."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from robustag.attacks import BudgetRule
from robustag.binomial import effective_number
from robustag.classes import CLASSES
from robustag.evaluation.binned import bin_of
from robustag.evaluation.certificates.bounds import Bounds, Enclosure, enclosed, least_outputs
from robustag.evaluation.certificates.branching import branched, reached
from robustag.evaluation.certificates.leads import EFFORT
from robustag.evaluation.certificates.network import (
    AffineLayer,
    SortingLayer,
    affine_layers,
    contrasted,
    forward,
)
from robustag.evaluation.certificates.tally import certificate_cuts
from robustag.evaluation.discriminators import Discriminator
from robustag.evaluation.settings import Evaluation

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

#: Share of the jets that may be branched at each cut and side, and parts of each that may be bounded.
_SHARE, _NODES = 0.02, 32


def certified_rates(
    model: nn.Module,
    jets: "JetTensors",
    reference: "JetTensors",
    boxes: Mapping[str, tuple[BudgetRule, float]],
    discriminator: Discriminator,
    evaluation: Evaluation,
) -> pd.DataFrame:
    """Between which values a rate stays, whatever is done to the inputs of each jet within its box.

    Parameters
    ----------
    model : Module
        Linear layers with ReLU; see `affine_layers`. Dropout is off.
    jets, reference : JetTensors
        The jets, and the clean ones that fix the cuts.
    boxes : mapping of str to (BudgetRule, float)
        L-infinity budgets by name, each with its epsilon.
    discriminator : Discriminator
        Whose signal and background rates are bounded.
    evaluation : Evaluation
        Has the working points, and the edges in pT.

    Returns
    -------
    DataFrame
        box, epsilon, discriminator, flavour, metric (fixed_cut_efficiency, fixed_cut_mistag), working_point,
        bin_low, bin_high (GeV; 0 and infinite for all jets), raw, lowest, highest (rates), n (jets). A bin
        without jets has no row.

    Raises
    ------
    InputError
        If the model cannot be certified, or a flavour has no jet.
    """
    layers = affine_layers(model)
    d = discriminator
    clean = forward(layers, reference.inputs)
    cuts = certificate_cuts(clean, reference.label, reference.event_weight, [d], evaluation.mistags)
    jets = jets.select(((jets.label == d.signal) | (jets.label == d.background)).nonzero()[:, 0])
    logits = forward(layers, jets.inputs)
    raw = logits[:, d.signal] - logits[:, d.background]
    at = torch.tensor(list(cuts.values()), dtype=raw.dtype, device=raw.device)
    bins = _bins(jets, evaluation.bins["pt"])
    odds = torch.zeros(2, len(CLASSES))
    odds[:, d.signal], odds[:, d.background] = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    both = contrasted(layers, odds)
    parts = []
    for name, (rule, epsilon) in boxes.items():
        budget = rule.budget(jets.inputs, jets.missing, epsilon)
        box = Bounds(budget.lower.double(), budget.upper.double())
        inside = enclosed(both, box)
        lowest, highest = (least_outputs(both, inside) * torch.tensor([1.0, -1.0]).to(raw)).unbind(dim=1)
        # A jet that cruder bounds keep on its side of every cut needs no tighter ones.
        (open_,) = ((lowest[:, None] > at) != (highest[:, None] > at)).any(dim=1).nonzero(as_tuple=True)
        near = enclosed(both, box.rows(open_), EFFORT, inside.rows(open_))
        ends = least_outputs(both, near, EFFORT)
        if not isinstance(both[-1], SortingLayer):
            ends = _branched(both, near, ends, raw[open_], at, int(_SHARE * len(raw)))
        lowest[open_], highest[open_] = ends[:, 0], -ends[:, 1]
        front = {"box": name, "epsilon": float(epsilon), "discriminator": d.name}
        scores = {"raw": raw, "lowest": lowest, "highest": highest}
        parts += [{**front, **row} for row in _rows(scores, jets, d, cuts, bins)]
    return pd.DataFrame(parts)


def _branched(
    both: Sequence[AffineLayer], inside: Enclosure, least: Tensor, raw: Tensor, at: Tensor, most: int
) -> Tensor:
    """Lower bounds [N, 2] of log-odds and of their negative, better where branch and bound brings a jet back.

    At each cut those jets are tried whose bound is on the other side of it than they are themselves, and
    which no descent takes there; nearest to the cut first.

    least: [N, 2], raw: log-odds [N], at: cuts, most: jets for each.
    """
    least = least.clone()
    *hidden, last = both
    for side, sign in enumerate((1.0, -1.0)):
        one = [*hidden, last._replace(weight=last.weight[[side]], bias=last.bias[[side]])]
        met = reached(one, inside.box)
        for cut in sign * at:
            crossing = (sign * raw > cut) & (least[:, side] <= cut) & (met > cut)
            (jets,) = crossing.nonzero(as_tuple=True)
            jets = jets[least[jets, side].argsort(descending=True)[:most]]
            target = cut.expand(len(jets))
            found = branched(one, inside.rows(jets), target, EFFORT, _NODES)
            least[jets, side] = torch.maximum(least[jets, side], found)
    return least


def _bins(jets: "JetTensors", edges: Sequence[float]) -> list[tuple[float, float, np.ndarray]]:
    """All jets, and those of each bin in pT: lower and upper end, and which jets, bool [N]."""
    position = bin_of(jets.pt.cpu().numpy(), edges)
    each = [(float(low), float(high), position == place) for place, (low, high) in enumerate(pairwise(edges))]
    return [(0.0, np.inf, np.ones(len(position), dtype=bool)), *each]


def _rows(
    scores: Mapping[str, Tensor],
    jets: "JetTensors",
    d: Discriminator,
    cuts: Mapping[tuple[str, float], float],
    bins: Sequence[tuple[float, float, np.ndarray]],
) -> list[dict]:
    label, weight = jets.label.cpu().numpy(), jets.event_weight.cpu().numpy().astype(np.float64)
    values = {name: score.cpu().numpy() for name, score in scores.items()}
    rows = []
    for (_, mistag), cut in cuts.items():
        for flavour, metric in ((d.signal, "fixed_cut_efficiency"), (d.background, "fixed_cut_mistag")):
            for low, high, inside in bins:
                of = inside & (label == flavour)
                if not weight[of].sum() > 0:
                    continue
                rates = {
                    name: np.average(score[of] > cut, weights=weight[of]) for name, score in values.items()
                }
                front = {"flavour": CLASSES[flavour], "metric": metric, "working_point": mistag}
                number = effective_number(weight[of], int(of.sum()))
                rows.append({**front, "bin_low": low, "bin_high": high, **rates, "n": number})
    return rows

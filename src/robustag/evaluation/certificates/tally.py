"""Accuracy, AUC and rates at fixed cuts of jets whose worst scores are known, with their errors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from robustag.binomial import effective_efficiency, effective_number
from robustag.classes import CLASSES
from robustag.evaluation.bootstrap import chosen, own, replicas
from robustag.evaluation.discriminators import Discriminator, log_odds
from robustag.evaluation.roc import area, cuts_at_mistag
from robustag.evaluation.settings import Evaluation

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

_CLEARANCE = 1e-6


def certificate_cuts(
    logits: Tensor,
    label: Tensor,
    weight: Tensor,
    discriminators: Sequence[Discriminator],
    mistags: Sequence[float],
) -> dict[tuple[str, float], float]:
    """By (discriminator, rate), the lowest cut on the log-odds that keeps to a mis-tag rate.

    It lies a hair above the jet that fixes it: the rounding that bounds allow for must not carry that across.

    logits: float64 [N, 3], label: int64 [N], weight: float [N] of the jets' events.
    """
    scores, flavours, counted = (column.cpu().numpy() for column in (logits, label, weight))
    cuts: dict[tuple[str, float], float] = {}
    for d in discriminators:
        background = flavours == d.background
        lowest = cuts_at_mistag(log_odds(scores[background], d), mistags, counted[background])
        cuts |= {(d.name, mistag): cut + _CLEARANCE for mistag, cut in zip(mistags, lowest, strict=True)}
    return cuts


class Tally:
    """Turns the worst log-odds and margins of the same jets into numbers, time and again.

    Parameters
    ----------
    jets : JetTensors
        Whose flavours, events and their weights count.
    discriminators : sequence of Discriminator
        What is ranked.
    cuts : mapping of (discriminator, mis-tag rate) to float
        See `certificate_cuts`.
    evaluation : Evaluation
        Has the replicates and the working points.
    """

    def __init__(
        self,
        jets: "JetTensors",
        discriminators: Sequence[Discriminator],
        cuts: Mapping[tuple[str, float], float],
        evaluation: Evaluation,
    ) -> None:
        self._label = jets.label.cpu().numpy()
        event, weight = jets.event.cpu().numpy(), jets.event_weight.cpu().numpy()
        self._weights = replicas(event, weight, evaluation.bootstrap, evaluation.seed)
        self._own = own(self._weights)
        self._discriminators, self._cuts, self._mistags = discriminators, cuts, evaluation.mistags

    def rows(self, method: str, epsilon: float, odds: Mapping[str, Tensor], margin: Tensor) -> Iterator[dict]:
        """One row per number, from log-odds [N] by discriminator and the margin [N] of wrong over true."""
        right = (margin < 0).cpu().numpy()
        front = {"method": method, "epsilon": float(epsilon)}
        for flavour, name in enumerate((*CLASSES, "all")):
            of = np.flatnonzero((name == "all") | (self._label == flavour))
            yield {**front, **_named("all", name, "accuracy"), **self._share(right[of], of)}
        for d in self._discriminators:
            score = odds[d.name].cpu().numpy()
            signal, background = (np.flatnonzero(self._label == f) for f in (d.signal, d.background))
            value, low, high, replicates = area(score, signal, background, self._weights)
            auc = {
                **{"value": value, "low": low, "high": high, "n": self._number(signal, background)},
                "replicates": replicates.astype(np.float32),
            }
            yield {**front, **_named(d.name, "all", "auc"), **auc}
            for mistag in self._mistags:
                for jets, flavour, metric in (
                    (signal, d.signal, "fixed_cut_efficiency"),
                    (background, d.background, "fixed_cut_mistag"),
                ):
                    passed = score[jets] > self._cuts[d.name, mistag]
                    share = self._share(passed, jets)
                    yield {**front, **_named(d.name, CLASSES[flavour], metric, mistag), **share}

    def _number(self, *jets: np.ndarray) -> float:
        together = np.concatenate(jets)
        return effective_number(chosen(self._own, together), len(together))

    def _share(self, passed: np.ndarray, jets: np.ndarray) -> dict:
        """Share of jets that pass, with its exact binomial interval."""
        value, total = np.average(passed, weights=chosen(self._own, jets)), self._number(jets)
        low, high = effective_efficiency(value, total)
        return {"value": float(value), "low": float(low), "high": float(high), "n": total}


def _named(discriminator: str, flavour: str, metric: str, working_point: float = np.nan) -> dict:
    return {
        "discriminator": discriminator,
        "flavour": flavour,
        "metric": metric,
        "working_point": working_point,
    }

"""Accuracy, AUC and rates at fixed cuts of jets whose worst scores are known, with their errors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from robustag.binomial import efficiency
from robustag.classes import CLASSES
from robustag.evaluation.bootstrap import event_weights
from robustag.evaluation.discriminators import Discriminator, log_odds
from robustag.evaluation.roc import Ranking, area
from robustag.evaluation.settings import Evaluation

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

_CLEARANCE = 1e-6


def certificate_cuts(
    logits: Tensor, label: Tensor, discriminators: Sequence[Discriminator], mistags: Sequence[float]
) -> dict[tuple[str, float], float]:
    """By (discriminator, rate), the lowest cut on the log-odds that keeps to a mis-tag rate.

    It lies a hair above the jet that fixes it: the rounding that bounds allow for must not carry that across.

    logits: float64 [N, 3], label: int64 [N].
    """
    scores, flavours = logits.cpu().numpy(), label.cpu().numpy()
    cuts: dict[tuple[str, float], float] = {}
    for d in discriminators:
        odds = log_odds(scores, d)
        ranking = Ranking(odds[flavours == d.signal], odds[flavours == d.background])
        cuts |= {(d.name, mistag): ranking.cut_at_mistag(mistag) + _CLEARANCE for mistag in mistags}
    return cuts


class Tally:
    """Turns the worst log-odds and margins of the same jets into numbers, time and again.

    Parameters
    ----------
    jets : JetTensors
        Whose flavours and events count.
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
        self._weights = event_weights(jets.event.cpu().numpy(), evaluation.bootstrap, evaluation.seed)
        self._discriminators, self._cuts, self._mistags = discriminators, cuts, evaluation.mistags

    def rows(self, method: str, epsilon: float, odds: Mapping[str, Tensor], margin: Tensor) -> Iterator[dict]:
        """One row per number, from log-odds [N] by discriminator and the margin [N] of wrong over true."""
        right = (margin < 0).cpu().numpy()
        front = {"method": method, "epsilon": float(epsilon)}
        for flavour, name in enumerate((*CLASSES, "all")):
            of = right if name == "all" else right[self._label == flavour]
            yield {**front, **_named("all", name, "accuracy"), **_share(of)}
        for d in self._discriminators:
            score = odds[d.name].cpu().numpy()
            signal, background = (np.flatnonzero(self._label == f) for f in (d.signal, d.background))
            value, low, high, replicates = area(score, signal, background, self._weights)
            auc = {
                **{"value": value, "low": low, "high": high, "n": len(signal) + len(background)},
                "replicates": replicates.astype(np.float32),
            }
            yield {**front, **_named(d.name, "all", "auc"), **auc}
            for mistag in self._mistags:
                for jets, flavour, metric in (
                    (signal, d.signal, "fixed_cut_efficiency"),
                    (background, d.background, "fixed_cut_mistag"),
                ):
                    passed = score[jets] > self._cuts[d.name, mistag]
                    yield {**front, **_named(d.name, CLASSES[flavour], metric, mistag), **_share(passed)}


def _named(discriminator: str, flavour: str, metric: str, working_point: float = np.nan) -> dict:
    return {
        "discriminator": discriminator,
        "flavour": flavour,
        "metric": metric,
        "working_point": working_point,
    }


def _share(passed: np.ndarray) -> dict:
    """Share of jets with its exact binomial interval."""
    count, total = int(passed.sum()), len(passed)
    value, low, high = efficiency(count, total)
    return {"value": float(value), "low": float(low), "high": float(high), "n": total}

"""Jets that a perturbation carries over a tagger's cut, and those of them that a detector lets pass.

The fooling ratio is the share of rightly judged jets that are judged wrongly once perturbed; corrected, it
counts those alone that no detector of perturbed jets flags (after arXiv:2501.05588 and arXiv:2603.13970).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from robustag.binomial import effective_efficiency, effective_number
from robustag.classes import CLASSES
from robustag.evaluation.bootstrap import unless_one
from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import DISCRIMINATORS, Discriminator, log_odds
from robustag.evaluation.distances.classifier import Classifiers, Sample
from robustag.evaluation.roc import cuts_at_mistag
from robustag.evaluation.significance import total_error
from robustag.intervals import interval
from robustag.tensors.loading import same_jets

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

FALSE_ALARMS = 0.01
"""Share of clean jets that the detector flags."""
_JETS = 20_000
"""Most jets that are judged; more take longer."""


@dataclass(frozen=True)
class Tagger:
    """A model at a working point.

    Attributes
    ----------
    network : Module
        Returns logits.
    discriminator : Discriminator
        Whose signal is tagged.
    cut : float
        On its `log_odds`.
    """

    network: nn.Module
    discriminator: Discriminator
    cut: float

    @classmethod
    def at(cls, network: nn.Module, discriminator: str, mistag: float, clean: "JetTensors") -> "Tagger":
        """With the lowest cut whose mis-tag rate on clean jets does not exceed `mistag`."""
        named = next(one for one in DISCRIMINATORS if one.name == discriminator)
        background = clean.select(clean.label == named.background)
        odds = log_odds(predict(network, background.inputs), named)
        weight = unless_one(background.event_weight.numpy())
        return cls(network, named, float(cuts_at_mistag(odds, [mistag], weight)[0]))

    def tags(self, inputs: Tensor) -> np.ndarray:
        """Whether each jet, scaled inputs [N, F], is tagged, bool [N]."""
        return log_odds(predict(self.network, inputs), self.discriminator) > self.cut


class Judged:
    """Clean jets as some taggers judge them.

    Parameters
    ----------
    clean : JetTensors
        Scaled units; of more than 20,000 some.
    taggers : sequence of Tagger
    """

    def __init__(self, clean: "JetTensors", taggers: Sequence[Tagger]) -> None:
        self._clean = clean.sampled(_JETS) if taggers else clean
        self._tagged = [(tagger, tagger.tags(self._clean.inputs)) for tagger in taggers]

    def compare(
        self, changed: "JetTensors", detector: Classifiers, trainings: Sequence[int], seed: int
    ) -> list[list[dict]]:
        """Rows of the distances table of each tagger.

        None where most of the jets are not found again in the changed sample: another generator's.

        Parameters
        ----------
        changed : JetTensors
            The same jets, or others of the same collisions.
        detector : Classifiers
            Of clean and changed jets.
        trainings : sequence of int [4]
            Of the detector, which are tested on the two halves of the events in turn.
        seed : int
            Of the bootstrap.
        """
        ours, theirs = same_jets(self._clean.key, changed.key)
        rows: list[list[dict]] = [[] for _ in self._tagged]
        if 2 * len(ours) < len(self._clean):
            return rows
        label, after = self._clean.label[ours].numpy(), changed.select(theirs)
        for own, (tagger, tagged) in zip(rows, self._tagged, strict=True):
            tags = tagged[ours.numpy()]
            crossed = tagger.tags(after.inputs) != tags
            chosen = tagger.discriminator
            for flavour, right in ((chosen.signal, tags), (chosen.background, ~tags)):
                judged = (label == flavour) & right
                ratios = _ratios(after, judged, judged & crossed, detector, trainings, seed)
                own += [_row(CLASSES[flavour], *ratio) for ratio in ratios]
        return rows


def _ratios(
    jets: "JetTensors",
    judged: np.ndarray,
    fooled: np.ndarray,
    detector: Classifiers,
    trainings: Sequence[int],
    seed: int,
) -> Iterator[tuple[str, float, float, float]]:
    """The fooling ratio and the corrected one of rightly judged jets bool [N], if there are any."""
    weight = jets.event_weight.numpy()
    total, effective = weight[judged].sum(), effective_number(weight[judged], int(judged.sum()))
    if total <= 0:
        return
    ratio = float(weight[fooled].sum() / total)
    low, high = map(float, effective_efficiency(ratio, effective))
    yield "fooled", ratio, low, high
    flagged, error = 0.0, 0.0
    if fooled.any():
        chosen = Sample(jets.inputs.numpy()[fooled], jets.event.numpy()[fooled], weight[fooled])
        flagged, error = _flagged(detector, trainings, chosen, seed)
    value, error = float(ratio - flagged / total), error / total
    low, high = map(float, effective_efficiency(value, effective))
    below, above = total_error(value - low, error), total_error(high - value, error)
    yield "fooled_unflagged", value, max(value - below, 0.0), value + above


def _flagged(detector: Classifiers, trainings: Sequence[int], jets: Sample, seed: int) -> tuple[float, float]:
    """How many jets are flagged, and the error of that by the threshold and by retraining."""
    flagged = [detector.flagged(number, jets, FALSE_ALARMS, seed) for number in trainings]
    # The mean of two trainings on either half.
    both = np.sum(flagged, axis=0) / 2
    low, high = interval(both[1:])
    retrained = math.hypot(flagged[0][0] - flagged[2][0], flagged[1][0] - flagged[3][0]) / 2
    return float(both[0]), total_error(float(high - low) / 2, retrained)


def _row(flavour: str, distance: str, value: float, low: float, high: float) -> dict:
    named = {"flavour": flavour, "input": "all", "distance": distance}
    return {**named, "value": value, "low": low, "high": high, "floor": np.nan}

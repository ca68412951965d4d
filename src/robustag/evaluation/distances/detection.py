"""How many jets of data it takes to see a perturbation: by one input, by one correlation, by a classifier.

Data have no flavours, so all jets are compared together; a pure sample of one flavour says what a control
region of it would see. What chance adds to a comparison of two samples is measured by events that change
sides, taken away, and where it hides the rest, a lower limit is all there is.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.linalg import hadamard

from robustag.classes import CLASSES
from robustag.evaluation.distances.sides import GROUPS, side_cells
from robustag.evaluation.roc import Area
from robustag.evaluation.significance import level, p_value, total_error
from robustag.visibility import jets_to_classify
from robustag.visibility.comparison import Comparison, Sums, seen_by_input, seen_by_pair

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

_SIDES = (hadamard(GROUPS) + 1) // 2
"""Which groups of events stay on their side, [swap, group]: all of them, then half of them, 15 times."""
_SAMPLES = ("all", *CLASSES)
_CERTAIN = 6.0
"""Standard deviations above the mean of what chance gives from which a difference counts as seen: no less
than three sigma both for the square of one normal number and for the largest of many."""
_LIMIT = 1.645
"""Deviations of a normal number to one side with 95 % confidence."""
_COMPARED = 30_000
"""Most jets of either sample: more take longer and bring a lower limit up in proportion."""
_ENOUGH = 10_000
"""Jets that tell continuous inputs and the variance of a correlation."""
_DIFFERENT = 0.9
"""Share of the entries of a continuous input that differ from each other."""


def continuous(values: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """Inputs bool [F] whose existing entries nearly all differ; a move off a common value is plain.

    Parameters
    ----------
    values, exists : float [N, F], bool [N, F]
    """
    different = [np.unique(values[rows, f]).size for f, rows in enumerate(exists.T)]
    return np.array(different) > _DIFFERENT * exists.sum(axis=0)


class Watch:
    """Clean jets, as the simulation that data are compared with; continuous inputs alone are looked at.

    Parameters
    ----------
    clean : JetTensors
        Scaled units.
    """

    def __init__(self, clean: "JetTensors") -> None:
        clean = _at_most(clean, _COMPARED)
        few = _at_most(clean, _ENOUGH)
        self._columns = torch.from_numpy(continuous(few.inputs.numpy(), ~few.missing.numpy()))
        inputs, missing = self._of(clean)
        self._comparison = Comparison(inputs, missing)
        self._clean = self._sums(clean)
        pure = [clean.select(clean.label == number) for number in range(len(CLASSES))]
        enough = [few, *(_at_most(jets, _ENOUGH) for jets in pure)]
        self._variance = [self._comparison.variances(*self._of(jets)) for jets in enough]

    def compare(self, changed: "JetTensors", names: tuple[str, ...]) -> Iterator[dict]:
        """Rows of the distances table: jets needed by the best single input and by the best correlation.

        Parameters
        ----------
        changed : JetTensors
            The same jets, or about as many other ones.
        names : tuple of str
            The inputs.
        """
        kept = [name for name, one in zip(names, self._columns, strict=True) if one]
        after = self._sums(_at_most(changed, _COMPARED))
        each, (first, second) = torch.arange(len(kept)), torch.triu_indices(len(kept), len(kept), 1)
        for number, flavour in enumerate(_SAMPLES):
            one, other = _swapped(self._clean, after, number)
            inputs = seen_by_input(one, other, len(kept))
            yield _row(flavour, "needed_by_input", inputs, kept, each)
            if len(first):
                pairs = seen_by_pair(one, other, self._variance[number], len(first))[:, first, second]
                yield _row(flavour, "needed_by_correlation", pairs, kept, first, second)

    def _of(self, jets: "JetTensors") -> tuple[torch.Tensor, torch.Tensor]:
        return jets.inputs[:, self._columns], jets.missing[:, self._columns]

    def _sums(self, jets: "JetTensors") -> Sums:
        """In cells of the jets of one flavour whose events change sides together."""
        cell = torch.from_numpy(side_cells(jets.event.numpy(), jets.label.numpy()))
        return self._comparison.sums(*self._of(jets), cell, GROUPS * len(CLASSES), jets.event_weight)


def _at_most(jets: "JetTensors", number: int) -> "JetTensors":
    return jets.sampled(number) if len(jets) > number else jets


def _swapped(before: Sums, after: Sums, sample: int) -> tuple[Sums, Sums]:
    """Clean and changed jets of a sample, as they are and with half of the events on the other side."""
    flavours = np.ones(len(CLASSES)) if sample == 0 else np.eye(len(CLASSES))[sample - 1]
    stay, move = (torch.from_numpy(np.kron(sides, flavours)) for sides in (_SIDES, 1 - _SIDES))
    return (
        before.combined(stay) + after.combined(move),
        before.combined(move) + after.combined(stay),
    )


def _row(flavour: str, distance: str, seen: torch.Tensor, names: list[str], *of: torch.Tensor) -> dict:
    """The most visible of K differences; `seen` [16, K] is one over the jets that they need.

    `of` [K] has the place of its input among the names, or those of both.
    """
    best = int(seen[0].argmax())
    largest = seen.amax(dim=1).numpy()
    values = needed(float(largest[0]), largest[1:], float(seen[1:, best].mean()))
    named = {
        "flavour": flavour,
        "input": " and ".join(names[place[best]] for place in of),
        "distance": distance,
    }
    return {**named, **dict(zip(("value", "low", "high"), values, strict=True)), "floor": math.nan}


def needed(found: float, chance: np.ndarray, own: float) -> tuple[float, float, float]:
    """Jets that a difference needs to be seen, and between what numbers they are.

    Parameters
    ----------
    found : float
        One over the jets that the most visible of the differences would need as it was measured.
    chance : float [S]
        The same without any difference.
    own : float
        The same of this very difference, on average.

    Returns
    -------
    value, low, high
        With one error to either side where it is seen in these jets; else infinite, above the lower limit
        with 95 % confidence.
    """
    # A size is the root: its square is what noise adds to on average.
    error, above = math.sqrt(own), found - float(chance.mean())
    if above <= _CERTAIN * float(chance.std(ddof=1)) or above <= 0:
        return math.inf, _jets(math.sqrt(found) + _LIMIT * error), math.inf
    size = math.sqrt(above)
    return _jets(size), _jets(size + error), _jets(size - error)


def _jets(size: float) -> float:
    return size**-2.0 if size > 0 else math.inf


def needed_by_classifier(aucs: Sequence[Area], trained: float) -> dict:
    """Jets that a classifier of changed and clean jets needs, those that train it among them.

    Its AUC has the error of the tested jets and the scatter of the trainings. One that learns from more jets
    sees more.

    Parameters
    ----------
    aucs : sequence of Area [4]
        Of four trainings, which are tested on the two halves of the events in turn.
    trained : float
        Jets of either sample that train it.

    Returns
    -------
    dict
        value, low, high, as of `needed`.
    """
    values = np.array([one.value for one in aucs])
    auc = float(values.mean()) - 0.5
    # Both on one half have the error of the same jets.
    errors = [(one.high - one.low) / 2 for one in aucs]
    statistical = math.hypot((errors[0] + errors[2]) / 4, (errors[1] + errors[3]) / 4)
    scatter = float(values.std(ddof=1)) / math.sqrt(len(values))
    total = total_error(statistical, scatter)
    if auc <= 0 or p_value(auc, statistical, np.inf, scatter, len(values)) >= level(3.0):
        sizes = 0.0, max(auc, 0.0) + _LIMIT * total, 0.0
    else:
        sizes = auc, auc + total, auc - total
    jets = [trained + float(jets_to_classify(0.5 + size)) for size in sizes]
    return dict(zip(("value", "low", "high"), jets, strict=True))

"""The distances table: clean jets beside one perturbation of them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustag.evaluation.bootstrap import unless_one
from robustag.evaluation.distances.classifier import Classifiers, Sample, Training
from robustag.evaluation.distances.correlation import correlation, correlation_change
from robustag.evaluation.distances.detection import Watch, continuous, needed_by_classifier
from robustag.evaluation.distances.fooled import Judged, Tagger
from robustag.evaluation.distances.single import Reference

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


class Clean:
    """Clean jets, prepared for comparison with any number of perturbations of them.

    Parameters
    ----------
    jets : JetTensors
        Scaled units.
    names : tuple of str
        The inputs.
    joint : int
        Jets of each sample for the distances of all inputs at once; 0 leaves these out.
    taggers : sequence of Tagger
        Whose judgements are compared, if all inputs are.
    """

    def __init__(
        self, jets: "JetTensors", names: tuple[str, ...], joint: int, taggers: Sequence[Tagger] = ()
    ) -> None:
        self._names, self._taggers = names, len(taggers)
        self._reference = Reference(jets)
        self._joint = _Joint(jets, names, joint, taggers) if joint else None

    def compare(self, changed: "JetTensors", seed: int) -> list[pd.DataFrame]:
        """Every distance of one perturbation, and one table more for each tagger.

        Parameters
        ----------
        changed : JetTensors
            The same jets, or about as many other ones.
        seed : int
            Of the classifiers.

        Returns
        -------
        list of DataFrame
            flavour, input ("all" for what is no single one), distance, value, low, high, floor. Of single
            inputs: kl (by flavour too), js, wasserstein (sigma), shift of the mean (sigma, by flavour too)
            with its interval, missing, the change of the share of missing entries, where that changes, and
            with their intervals ks and jets_to_see, or ks_repeated and jets_to_see_repeated for inputs of
            which many jets have one and the same value; kl, js and ks have a floor. Of all inputs:
            correlation (Frobenius norm of the change), correlation_largest, and with their intervals
            classifier_auc and, without the inputs of which many entries repeat, classifier_auc_continuous,
            and needed_by_input, needed_by_correlation (these by flavour, too; ``input`` says by which) and
            needed_by_classifier, in jets of data. Of a tagger: fooled and fooled_unflagged, by flavour (see
            `robustag.evaluation.distances.fooled`).
        """
        single = pd.DataFrame(self._reference.compare(changed))
        single["input"] = np.array(self._names)[single["input"]]
        rows = self._joint.compare(changed, seed) if self._joint else [[]] * (1 + self._taggers)
        joint, *fooled = (pd.DataFrame(part, columns=single.columns).astype(single.dtypes) for part in rows)
        return [pd.concat([single, joint], ignore_index=True), *fooled]


def measure_all(
    samples: Iterable[tuple[str, str, float, "JetTensors", "JetTensors"]],
    names: tuple[str, ...],
    seed: int,
    joint: int,
    taggers: Sequence[Tagger] = (),
) -> list[pd.DataFrame]:
    """`Clean.compare` of perturbations: each is a kind, a name, an epsilon, clean and changed jets."""
    parts: list[list[pd.DataFrame]] = []
    last, prepared = None, None
    for kind, perturbation, epsilon, clean, changed in samples:
        if prepared is None or clean is not last:
            last, prepared = clean, Clean(clean, names, joint, taggers)
        tables = prepared.compare(changed, seed)
        for table in tables:
            table.insert(0, "kind", kind)
            table.insert(1, "perturbation", perturbation)
            table.insert(2, "epsilon", float(epsilon))
        parts.append(tables)
    return [pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)]


class _Joint:
    """Clean jets, prepared for the distances of all inputs at once."""

    def __init__(
        self, jets: "JetTensors", names: tuple[str, ...], number: int, taggers: Sequence[Tagger]
    ) -> None:
        self._names, self._number = names, number
        self._clean, exists = self._sampled(jets)
        self._correlation = _correlation(self._clean, exists)
        self._kept = continuous(self._clean.inputs, exists)
        self._watch, self._judged = Watch(jets), Judged(jets, taggers)

    def compare(self, changed: "JetTensors", seed: int) -> list[list[dict]]:
        """Rows of the distances, and of each tagger."""
        sample, exists = self._sampled(changed)
        norm, largest = correlation_change(self._correlation, _correlation(sample, exists))
        trainings = [
            Training(np.ones_like(self._kept), 1, seed),
            *(Training(self._kept, tested, seed + number) for number, tested in enumerate((1, 0, 1, 0))),
        ]
        classifiers = Classifiers(self._clean, sample, trainings)
        seen, *blind = (classifiers.auc(number, one.seed) for number, one in enumerate(trainings))
        needed = needed_by_classifier(blind, len(self._clean.event) / 2)
        joint = [
            _row("correlation", norm),
            _row("correlation_largest", largest),
            _row("classifier_auc", *seen[:3]),
            _row("classifier_auc_continuous", *blind[0][:3]),
            _row("needed_by_classifier", **needed),
            *self._watch.compare(changed, self._names),
        ]
        return [joint, *self._judged.compare(changed, classifiers, (1, 2, 3, 4), seed)]

    def _sampled(self, jets: "JetTensors") -> tuple[Sample, np.ndarray]:
        """Some of the jets, and which of their entries exist, bool [N, F]."""
        few = jets.sampled(self._number)
        columns = few.inputs.double(), few.event, few.event_weight
        return Sample(*(column.cpu().numpy() for column in columns)), ~few.missing.cpu().numpy()


def _correlation(sample: Sample, exists: np.ndarray) -> np.ndarray:
    return correlation(sample.inputs, exists, unless_one(sample.weight))


def _row(distance: str, value: float, low: float = np.nan, high: float = np.nan) -> dict:
    named = {"flavour": "all", "input": "all", "distance": distance}
    return {**named, "value": value, "low": low, "high": high, "floor": np.nan}

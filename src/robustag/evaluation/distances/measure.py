"""The distances table: clean jets beside one perturbation of them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustag.evaluation.bootstrap import unless_one
from robustag.evaluation.distances.classifier import Sample, classifier_auc
from robustag.evaluation.distances.correlation import correlation, correlation_change
from robustag.evaluation.distances.detection import Watch, continuous, needed_by_classifier
from robustag.evaluation.distances.single import Reference

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


def measure(
    clean: "JetTensors",
    changed: "JetTensors",
    names: tuple[str, ...],
    seed: int,
    joint: int,
    reference: Reference | None = None,
    watch: Watch | None = None,
) -> pd.DataFrame:
    """Every distance of one perturbation.

    Parameters
    ----------
    clean, changed : JetTensors
        Scaled units; the same jets, or about as many other ones.
    names : tuple of str
        The inputs.
    seed : int
        Of the classifier.
    joint : int
        Jets of each sample for the distances of all inputs at once; 0 leaves these out.
    reference : Reference, optional
        That of the clean jets, if there is one.
    watch : Watch, optional
        The same.

    Returns
    -------
    DataFrame
        flavour, input ("all" for what is no single one), distance, value, low, high, floor. Of single inputs:
        kl (by flavour too), js, wasserstein (sigma), shift of the mean (sigma, by flavour too) with its
        interval, missing, the change of the share of missing entries, where that changes, and with their
        intervals ks and jets_to_see, or ks_repeated and jets_to_see_repeated for inputs of which many jets
        have one and the same value; kl, js and ks have a floor. Of all inputs: correlation (Frobenius norm
        of the change), correlation_largest, and with their intervals classifier_auc and, without the inputs
        of which many entries repeat, classifier_auc_continuous, and needed_by_input, needed_by_correlation
        (these by flavour, too; ``input`` says by which) and needed_by_classifier, in jets of data.
    """
    single = pd.DataFrame((reference or Reference(clean)).compare(changed))
    single["input"] = np.array(names)[single["input"]]
    if not joint:
        return single
    a, b = (_Arrays(sample.sampled(joint)) for sample in (clean, changed))
    seen = (watch or Watch(clean)).compare(changed, names)
    return pd.concat([single, pd.DataFrame([*_joint(a, b, seed), *seen])], ignore_index=True)


def measure_all(
    samples: Iterable[tuple[str, str, float, "JetTensors", "JetTensors"]],
    names: tuple[str, ...],
    seed: int,
    joint: int,
) -> pd.DataFrame:
    """`measure` of several perturbations, each with its kind, name and epsilon, clean and changed jets."""
    parts, last, reference, watch = [], None, None, None
    for kind, perturbation, epsilon, clean, changed in samples:
        if clean is not last:
            last, reference, watch = clean, Reference(clean), Watch(clean) if joint else None
        part = measure(clean, changed, names, seed, joint, reference, watch)
        part.insert(0, "kind", kind)
        part.insert(1, "perturbation", perturbation)
        part.insert(2, "epsilon", float(epsilon))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


class _Arrays:
    """A sample as numpy arrays: `values` float64 [N, F], `exists` bool [N, F], `event` and `weight` [N]."""

    def __init__(self, jets: "JetTensors") -> None:
        self.values = jets.inputs.double().cpu().numpy()
        self.exists = ~jets.missing.cpu().numpy()
        self.event = jets.event.cpu().numpy()
        self.weight = jets.event_weight.cpu().numpy()

    def of(self, inputs: np.ndarray | slice = slice(None)) -> Sample:
        """What a classifier sees if it sees these inputs."""
        return Sample(self.values[:, inputs], self.event, self.weight)


def _joint(a: _Arrays, b: _Arrays, seed: int) -> Iterator[dict]:
    before, after = (correlation(s.values, s.exists, unless_one(s.weight)) for s in (a, b))
    norm, largest = correlation_change(before, after)
    kept = continuous(a.values, a.exists)
    seen = classifier_auc(a.of(), b.of(), seed)
    blind = classifier_auc(a.of(kept), b.of(kept), seed)
    for distance, value, *interval in (
        ("correlation", norm, np.nan, np.nan),
        ("correlation_largest", largest, np.nan, np.nan),
        ("classifier_auc", *seen),
        ("classifier_auc_continuous", *blind),
    ):
        front = {"flavour": "all", "input": "all", "distance": distance, "value": value}
        yield {**front, "low": interval[0], "high": interval[1], "floor": np.nan}
    front = {"flavour": "all", "input": "all", "distance": "needed_by_classifier"}
    yield {**front, **needed_by_classifier(a.of(kept), b.of(kept), seed, blind), "floor": np.nan}

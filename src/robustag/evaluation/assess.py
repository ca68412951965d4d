"""The tables of one sample."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustag.binomial import effective_efficiency, in_effective_jets
from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.binned import binned_rates, jet_bins
from robustag.evaluation.bootstrap import own, replicas
from robustag.evaluation.calibration import confusion_table, measure_probabilities, reliability
from robustag.evaluation.discriminators import check_rankable
from robustag.evaluation.histograms import score_histograms
from robustag.evaluation.rates import Cuts, measure_rates
from robustag.evaluation.settings import Evaluation
from robustag.evaluation.tables import Assessment
from robustag.intervals import interval


@dataclass(frozen=True)
class AssessedJets:
    """What is true of the jets of one sample, with what every measurement of them shares.

    Attributes
    ----------
    label : int [N]
        0 = b, 1 = c, 2 = light.
    weights : [N, 1 + R]
        `replicas`: own weights, and those of the replicates.
    bins : mapping of variable to int [N]
        `jet_bins`.
    training_weight : float [N]
        Kinematic weight with which such a jet was trained on.
    """

    label: np.ndarray
    weights: np.ndarray
    bins: Mapping[str, np.ndarray]
    training_weight: np.ndarray

    @property
    def own(self) -> np.ndarray | None:
        """Weight of each jet, float64 [N]; None if all are alike."""
        return own(self.weights)

    @property
    def counted(self) -> np.ndarray | None:
        """The same `in_effective_jets`, for histograms."""
        return None if self.own is None else in_effective_jets(self.own)

    @classmethod
    def of(
        cls,
        label: np.ndarray,
        event: np.ndarray,
        pt: np.ndarray,
        eta: np.ndarray,
        weight: np.ndarray,
        event_weight: np.ndarray,
        evaluation: Evaluation,
    ) -> "AssessedJets":
        """The jets as `assess` wants them.

        Parameters
        ----------
        label : int [N]
        event : int64 [N]
            Event key, the unit of the bootstrap.
        pt, eta : float [N]
            Before any perturbation, so that a jet stays in its bin (GeV, 1).
        weight : float [N]
            Kinematic training weight.
        event_weight : float [N]
            How much each jet counts.
        evaluation : Evaluation

        Raises
        ------
        InputError
            For fewer than two replicates.
        """
        if evaluation.bootstrap < 2:
            raise InputError(f"bootstrap is {evaluation.bootstrap}: an error needs at least 2 replicates")
        weights = replicas(event, event_weight, evaluation.bootstrap, evaluation.seed)
        return cls(label, weights, jet_bins(pt, eta, evaluation.bins), weight)


def assess(
    logits: np.ndarray,
    jets: AssessedJets,
    evaluation: Evaluation,
    cuts: Cuts,
    losses: Mapping[str, np.ndarray],
    clean: np.ndarray | None = None,
    clean_weight: np.ndarray | None = None,
) -> Assessment:
    """Measure one model on one sample, every jet with its own weight.

    Calibration alone is asked for with the kinematic weights of the training, too, because these say which
    mixture of flavours the probabilities are meant for.

    Parameters
    ----------
    logits : float [N, 3]
    jets : AssessedJets
    evaluation : Evaluation
    cuts : Cuts
        Working points of the same model from `clean_cuts`.
    losses : mapping of name to float [N]
        Further losses of each jet, whose means are wanted.
    clean : float [N, 3], optional
        Logits of the same jets before they were changed, for the jets that cross a cut.
    clean_weight : float [N], optional
        Weights of the same jets before, if these are what has changed.

    Returns
    -------
    Assessment
        In the metrics, `n` counts the jets that enter: signal and background, or one of them for a
        fixed-cut rate, whose interval is the exact binomial; of weighted jets it is
        `robustag.binomial.effective_number`. A replicate in which a class got no weight is
        NaN and is left out of the interval.

    Raises
    ------
    InputError
        As `check_rankable`.
    """
    check_rankable(logits, jets.label)
    rows, curves = measure_rates(logits, jets.label, jets.weights, evaluation, cuts)
    rows += measure_probabilities(logits, jets.label, jets.weights, jets.training_weight, losses)
    weight = jets.own
    training = jets.training_weight if weight is None else jets.training_weight * weight
    return Assessment(
        metrics=_with_intervals(rows),
        curves=curves,
        histograms=score_histograms(logits, jets.label, jets.counted),
        bins=binned_rates(logits, jets.label, jets.bins, evaluation, cuts, clean, weight, clean_weight),
        calibration=reliability(logits, jets.label, training),
        confusion=confusion_table(logits, jets.label, _by_flavour(weight, jets.label)),
    )


def _by_flavour(weight: np.ndarray | None, label: np.ndarray) -> np.ndarray | None:
    """Weights `in_effective_jets` of each flavour, whose shares have their own errors."""
    if weight is None:
        return None
    scaled = np.empty_like(weight)
    for flavour in range(len(CLASSES)):
        scaled[label == flavour] = in_effective_jets(weight[label == flavour])
    return scaled


def _with_intervals(rows: list[dict]) -> pd.DataFrame:
    """The metrics table."""
    metrics = pd.DataFrame(rows)
    replicates = np.stack(metrics.pop("replicates").to_list())
    low, high = interval(replicates)
    # The bootstrap has no error where no jet is above the cut, the binomial has.
    fixed = metrics["metric"].str.startswith("fixed_cut").to_numpy()
    value, total = metrics["value"].to_numpy()[fixed], metrics["n"].to_numpy()[fixed]
    low[fixed], high[fixed] = effective_efficiency(value, total)
    metrics.insert(metrics.columns.get_loc("n"), "low", low)
    metrics.insert(metrics.columns.get_loc("n"), "high", high)
    return metrics.assign(replicates=list(replicates.astype(np.float32)))

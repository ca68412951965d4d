"""The measured numbers that claims are tested on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from robustag.claims.verdict import Finding, Number, judge, total_error, untestable
from robustag.evaluation.differences import (
    Measurement,
    harm,
    matching,
    measurement,
    robustness_gain,
)


@dataclass(frozen=True)
class Settings:
    """How claims are tested; every value comes from the configuration.

    Attributes
    ----------
    attack, noise
        Names of the FGSM attack and of the Gaussian noise in the tables.
    epsilon
        Strength at which the claims decide, in scaled units (the paper's is 0.01).
    shown_epsilon
        Strength of the figures, quoted in support.
    mismodellings
        ``label``, ``perturbation`` and ``epsilon`` of each.
    efficiency
        Signal efficiency at which mis-tag rates are quoted.
    significance
        Number of total errors that decide.
    much_smaller
        Factor by which "much smaller" is tested, in support of a direction.
    preserved_within
        Loss of AUC that still counts as preserved performance.
    """

    attack: str
    noise: str
    epsilon: float
    shown_epsilon: float
    mismodellings: tuple[Mapping, ...]
    efficiency: float
    significance: float
    much_smaller: float
    preserved_within: float

    @property
    def epsilons(self) -> tuple[float, ...]:
        """The deciding strength, then the one that supports it."""
        return tuple(dict.fromkeys((self.epsilon, self.shown_epsilon)))


@dataclass(frozen=True)
class Evidence:
    """The collected tables for one pair of models.

    Attributes
    ----------
    nominal, adversarial
        Names of the two models in the tables.
    metrics
        Columns ``robustag.plotting.tables.METRIC_COLUMNS``.
    geometry
        model, seed, jet, label, grad_ratio, mixed_difference, loss_range.
    planes
        ``robustag.claims.geometry.PLANE_COLUMNS``, the plane of the papers first.
    """

    nominal: str
    adversarial: str
    metrics: pd.DataFrame
    geometry: pd.DataFrame
    planes: pd.DataFrame

    def offers(self, perturbation: str, epsilon: float) -> bool:
        """Whether both models were measured under this perturbation."""
        rows = self.metrics[matching(self.metrics, perturbation=perturbation, epsilon=epsilon)]
        return {self.nominal, self.adversarial} <= set(rows["model"])

    def auc(self, model: str, perturbation: str, epsilon: float, discriminator: str) -> Measurement:
        """AUC of one model under one perturbation."""
        return measurement(
            self.metrics,
            model=model,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric="auc",
        )

    def auc_loss(self, model: str, perturbation: str, epsilon: float, discriminator: str) -> Measurement:
        """AUC on raw jets minus AUC on perturbed ones: positive when the perturbation hurts."""
        return harm(
            self.metrics,
            model=model,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric="auc",
        )

    def gain(self, perturbation: str, epsilon: float, discriminator: str) -> Measurement:
        """AUC lost by the nominal model minus AUC lost by the adversarial one."""
        return robustness_gain(
            self.metrics,
            reference=self.nominal,
            model=self.adversarial,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric="auc",
        )

    def mistag(
        self, model: str, perturbation: str, epsilon: float, discriminator: str, efficiency: float
    ) -> Measurement:
        """Mis-tag rate at a fixed signal efficiency."""
        return measurement(
            self.metrics,
            model=model,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric="mistag_at_efficiency",
            working_point=efficiency,
        )


def scaled(factor: float, measured: Measurement) -> Measurement:
    """A measurement times a constant."""
    return replace(measured, values=factor * measured.values, replicates=factor * measured.replicates)


def find(
    quantity: str,
    effect: Measurement,
    settings: Settings,
    numbers: Mapping[str, Measurement],
    threshold: float = 0.0,
    deciding: bool = True,
    compares: bool = False,
) -> Finding:
    """Judge a measured effect against its threshold; one without a finite value and error decides nothing."""
    if not np.isfinite([effect.mean, effect.statistical]).all():
        return untestable(quantity, "not a finite number in a sample of this size", deciding)
    error = total_error(effect.statistical, effect.seed, len(effect.seeds), compares)
    return Finding(
        quantity=quantity,
        effect=effect.mean,
        statistical=effect.statistical,
        seed=effect.seed,
        seeds=len(effect.seeds),
        threshold=threshold,
        deciding=deciding,
        verdict=judge(effect.mean, error, threshold, settings.significance),
        compares=compares,
        numbers=tuple(Number(name, number.mean, number.total) for name, number in numbers.items()),
    )

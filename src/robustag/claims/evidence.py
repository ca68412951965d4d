"""The measured numbers that claims are tested on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from robustag.claims.quantities import Quantity
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, Number, judge, total_error, untestable
from robustag.evaluation.differences import (
    Measurement,
    harm,
    matching,
    measurement,
    robustness_gain,
)
from robustag.evaluation.reading import METRIC_COLUMNS, PLANE
from robustag.files import read_table

#: What claims and summary read of each collected table. A study need not make them all.
COLUMNS: dict[str, list[str]] = {
    "metrics": METRIC_COLUMNS,
    "geometry": [
        *("model", "seed", "jet", "label", "grad_l1", "grad_linf", "grad_ratio", "interaction"),
    ],
    "planes": ["model", "seed", *PLANE, "delta_x", "delta_y", "loss"],
    "surface_statistics": [
        *("model", "seed", "flavour", "statistic", "summary", "epsilon", "value", "replicates"),
    ],
    "distances": [
        *("model", "seed", "kind", "perturbation", "epsilon"),
        *("flavour", "input", "distance", "value", "low", "high", "floor"),
    ],
    "epochs": [
        *("model", "seed", "epoch", "source", "perturbation", "epsilon"),
        *("discriminator", "value", "replicates"),
    ],
    "spans": [
        *("model", "seed", "span", "kept", "discriminator", "loss", "low", "high", "attack"),
        *("share", "share_low", "share_high"),
    ],
    "audit": ["model", "seed", "perturbation", "epsilon", "zero_gradient", "unusable", "loss"],
    "transfer": [
        *("model", "seed", "target", "epsilon", "discriminator", "metric", "value", "replicates"),
    ],
    "inventory": ["model", "seed", "quantity", "name", "value"],
}


def read_tables(paths: Mapping[str, str | Path]) -> dict[str, pd.DataFrame]:
    """The tables of a study, each with its `COLUMNS`.

    Raises
    ------
    InputError
        If a file is missing or no table, or lacks a column.
    """
    return {name: read_table(path, COLUMNS[name]) for name, path in paths.items()}


@dataclass(frozen=True)
class Evidence:
    """The collected tables for one pair of models.

    Attributes
    ----------
    nominal, adversarial
        Names of the two models in the tables.
    tables
        By name, with the columns of `COLUMNS`; one that the study does not make may be absent.
    """

    nominal: str
    adversarial: str
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, str]:
        """Both models, the nominal one first."""
        return self.nominal, self.adversarial

    @property
    def metrics(self) -> pd.DataFrame:
        """The table of metrics; without rows if the study lacks it."""
        return self._table("metrics")

    def rows(self, table: str, **wanted: str | float) -> pd.DataFrame:
        """Rows of a table in which every named column has the wanted value; none if the study lacks it."""
        found = self._table(table)
        return found[matching(found, **wanted)] if len(found) else found

    def _table(self, name: str) -> pd.DataFrame:
        found = self.tables.get(name)
        return pd.DataFrame(columns=COLUMNS[name]) if found is None else found

    def offers(self, perturbation: str, epsilon: float) -> bool:
        """Whether both models were measured under this perturbation."""
        rows = self.rows("metrics", perturbation=perturbation, epsilon=epsilon)
        return set(self.models) <= set(rows["model"])

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


def find(
    quantity: str,
    effect: Quantity,
    settings: Settings,
    numbers: Mapping[str, Quantity | float],
    threshold: float = 0.0,
    *,
    below: bool = False,
    deciding: bool = True,
    compares: bool = False,
    one_jet: bool = False,
    discriminator: str = "",
) -> Finding:
    """Judge a measured effect against its threshold; one without a finite value and error decides nothing.

    Parameters
    ----------
    numbers
        What the effect is made of, by name.
    below
        Whether the claim predicts an effect below the threshold.
    compares
        Whether two models, trained separately, are compared.
    one_jet
        Whether there is no sample, so that only training seeds can give an error.
    discriminator
        The one that the effect is about, if any.
    """
    statistical = effect.statistical
    if not np.isfinite(effect.mean) or not (one_jet or np.isfinite(statistical)):
        return untestable(quantity, "not a finite number in a sample of this size", deciding, discriminator)
    error = total_error(statistical, effect.seed, len(effect.seeds), compares)
    distance = threshold - effect.mean if below else effect.mean - threshold
    return Finding(
        quantity=quantity,
        effect=effect.mean,
        statistical=statistical,
        seed=effect.seed,
        seeds=len(effect.seeds),
        threshold=threshold,
        deciding=deciding,
        verdict=judge(distance, error, settings.significance),
        compares=compares,
        numbers=tuple(_number(name, number) for name, number in numbers.items()),
        below=below,
        discriminator=discriminator,
    )


def _number(name: str, number: Quantity | float) -> Number:
    if isinstance(number, float | int):
        return Number(name, float(number), float("nan"))
    seed = number.seed if np.isfinite(number.seed) else 0.0
    return Number(name, number.mean, float(np.hypot(np.nan_to_num(number.statistical), seed)))

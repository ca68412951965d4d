"""The measured numbers that claims are tested on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from robustag.claims.quantities import Quantity
from robustag.claims.verdict import Finding, Number, untestable
from robustag.evaluation.differences import Measurement, matching
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.reading import METRIC_COLUMNS, PLANE
from robustag.evaluation.significance import total_error
from robustag.files import read_table

#: What claims and summary read of each collected table. A study need not make them all.
COLUMNS: dict[str, list[str]] = {
    "metrics": METRIC_COLUMNS,
    "geometry": [
        *("model", "seed", "jet", "label", "grad_l1", "grad_linf", "grad_ratio", "interaction"),
    ],
    "planes": ["model", "seed", *PLANE],
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
        *("model", "seed", "span", "kept", "discriminator", "share", "replicates"),
    ],
    "audit": ["model", "seed", "perturbation", "epsilon", "zero_gradient", "unusable", "loss"],
    "transfer": [
        *("model", "seed", "target", "epsilon", "discriminator", "metric", "value", "replicates"),
    ],
    "inventory": ["model", "seed", "quantity", "name", "value"],
    "certificates": [
        *("model", "seed", "method", "epsilon", "discriminator", "metric", "value", "replicates"),
    ],
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

    @cached_property
    def _measured(self) -> Measurements:
        return Measurements(self._table("metrics"))

    @cached_property
    def _cases(self) -> pd.DataFrame:
        """What each model was measured under."""
        return self._table("metrics")[["model", "perturbation", "epsilon"]].drop_duplicates()

    def rows(self, table: str, **wanted: str | float) -> pd.DataFrame:
        """Rows of a table in which every named column has the wanted value; none if the study lacks it."""
        found = self._table(table)
        return found[matching(found, **wanted)] if len(found) else found

    def _table(self, name: str) -> pd.DataFrame:
        found = self.tables.get(name)
        return pd.DataFrame(columns=COLUMNS[name]) if found is None else found

    def offers(self, perturbation: str, epsilon: float) -> bool:
        """Whether both models were measured under this perturbation."""
        if self._cases.empty:
            return False
        rows = self._cases[matching(self._cases, perturbation=perturbation, epsilon=epsilon)]
        return set(self.models) <= set(rows["model"])

    def auc(self, model: str, perturbation: str, epsilon: float, discriminator: str) -> Measurement:
        """AUC of one model under one perturbation."""
        return self._measured.measurement(
            model=model,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric="auc",
        )

    def auc_loss(self, model: str, perturbation: str, epsilon: float, discriminator: str) -> Measurement:
        """AUC on raw jets minus AUC on perturbed ones: positive when the perturbation hurts."""
        return self.harm(model, perturbation, epsilon, "auc", discriminator)

    def gain(self, perturbation: str, epsilon: float, discriminator: str) -> Measurement:
        """AUC lost by the nominal model minus AUC lost by the adversarial one."""
        return self._measured.robustness_gain(
            reference=self.nominal,
            model=self.adversarial,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric="auc",
        )

    def ranks(self, discriminator: str) -> bool:
        """Whether the study has numbers of a discriminator."""
        return discriminator in self._discriminators

    @cached_property
    def _discriminators(self) -> set[str]:
        table = self._table("metrics")
        return set(table.loc[table["model"].isin(self.models), "discriminator"].unique())

    def relative_change(
        self,
        model: str,
        perturbation: str,
        epsilon: float,
        discriminator: str,
        metric: str,
        working_point: float,
    ) -> Measurement:
        """Relative change of a rate at a cut that was fixed on clean jets."""
        return self._measured.relative_change(
            model=model,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric=metric,
            working_point=working_point,
        )

    def harm(
        self, model: str, perturbation: str, epsilon: float, metric: str, discriminator: str = "all"
    ) -> Measurement:
        """What a perturbation does to a number; without a discriminator to one of all classes at once."""
        return self._measured.harm(
            model=model,
            perturbation=perturbation,
            epsilon=epsilon,
            discriminator=discriminator,
            metric=metric,
        )

    def mistag(
        self, model: str, perturbation: str, epsilon: float, discriminator: str, efficiency: float
    ) -> Measurement:
        """Mis-tag rate at a fixed signal efficiency."""
        return self._measured.measurement(
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
    numbers: Mapping[str, Quantity | float],
    threshold: float = 0.0,
    *,
    below: bool = False,
    deciding: bool = True,
    compares: bool = False,
    discriminator: str = "",
    part: str = "",
) -> Finding:
    """Test a measured effect against its threshold; one without a finite value and error decides nothing.

    Parameters
    ----------
    numbers
        What the effect is made of, by name.
    below
        Whether the claim predicts an effect below the threshold.
    compares
        Whether two models, trained separately, are compared.
    discriminator
        The one that the effect is about, if any.
    part
        What of the claim it answers, where the claim has several answers.
    """
    statistical = effect.statistical
    if not np.isfinite([effect.mean, statistical]).all():
        return untestable(
            quantity, "not a finite number in a sample of this size", deciding, discriminator, part
        )
    return Finding(
        quantity=quantity,
        effect=effect.mean,
        statistical=statistical,
        seed=effect.seed,
        seeds=len(effect.seeds),
        threshold=threshold,
        freedom=effect.freedom,
        deciding=deciding,
        compares=compares,
        numbers=tuple(_number(name, number) for name, number in numbers.items()),
        below=below,
        discriminator=discriminator,
        part=part,
    )


def _number(name: str, number: Quantity | float) -> Number:
    if isinstance(number, float | int):
        return Number(name, float(number), float("nan"))
    return Number(name, number.mean, total_error(number.statistical, number.seed))

"""The tables that one measurement fills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

import pandas as pd

from robustag.files import write_table


@dataclass(frozen=True)
class Assessment:
    """Tables that belong together; docs/numbers.md explains every number.

    Attributes
    ----------
    metrics : DataFrame
        discriminator (also a class against the rest, or all), metric, working_point, value, low, high (68 %
        interval of the bootstrap, of the binomial at a fixed cut), n, replicates (float32 arrays).
    curves : DataFrame
        discriminator, efficiency, mistag.
    histograms : DataFrame
        quantity, flavour, low, high, count.
    bins : DataFrame
        Rates at fixed cuts in bins of the kinematics, from `robustag.evaluation.binned`.
    calibration : DataFrame
        flavour, low, high, predicted, observed, total, effective, from `robustag.evaluation.calibration`.
    confusion : DataFrame
        true, predicted, count.
    """

    metrics: pd.DataFrame
    curves: pd.DataFrame
    histograms: pd.DataFrame
    bins: pd.DataFrame
    calibration: pd.DataFrame
    confusion: pd.DataFrame

    def labelled(self, kind: str, perturbation: str, epsilon: float) -> Self:
        """The same tables with the columns kind, perturbation and epsilon in front."""
        front = {"kind": kind, "perturbation": perturbation, "epsilon": float(epsilon)}
        return type(self)(
            **{
                name: pd.concat([pd.DataFrame(front, index=table.index), table], axis=1)
                for name, table in vars(self).items()
            }
        )

    def with_metrics(self, rows: pd.DataFrame) -> Self:
        """The same tables with more rows of metrics."""
        return replace(self, metrics=pd.concat([self.metrics, rows], ignore_index=True))

    @classmethod
    def names(cls) -> list[str]:
        """Names of the tables."""
        return [field.name for field in fields(cls)]

    def save(self, paths: Mapping[str, str | Path]) -> None:
        """Write each table as parquet to the path of its name."""
        for name, table in vars(self).items():
            write_table(table, paths[name])

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All rows of all parts, in order."""
        return cls(
            **{
                name: pd.concat([getattr(part, name) for part in parts], ignore_index=True)
                for name in cls.names()
            }
        )

"""Quantities with errors beside those of the bootstrap: means over jets, and exact numbers.

Like `robustag.evaluation.differences.Measurement` they have a mean, a statistical error with its degrees of
freedom, a seed error and seeds.
"""

from dataclasses import dataclass
from math import inf
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd

from robustag.evaluation.differences import Measurement


class Quantity(Protocol):
    """What a claim is tested on."""

    @property
    def seeds(self) -> tuple[int, ...]: ...

    @property
    def mean(self) -> float: ...

    @property
    def statistical(self) -> float: ...

    @property
    def freedom(self) -> float: ...

    @property
    def seed(self) -> float: ...


@dataclass(frozen=True)
class Sampled:
    """A quantity of each of n jets, for each of S trainings; its statistics are their scatter.

    Attributes
    ----------
    values : DataFrame [n, S]
        One column per training seed, no missing entries.
    """

    values: pd.DataFrame

    @property
    def seeds(self) -> tuple[int, ...]:
        """Training seeds."""
        return tuple(self.values.columns)

    @property
    def mean(self) -> float:
        """Mean over units and trainings."""
        return float(self.values.to_numpy().mean())

    @property
    def statistical(self) -> float:
        """Standard error over units of their means over trainings; NaN for a single unit."""
        if len(self.values) < 2:
            return float("nan")
        return float(self.values.mean(axis=1).std(ddof=1) / np.sqrt(len(self.values)))

    @property
    def freedom(self) -> int:
        """Units - 1."""
        return len(self.values) - 1

    @property
    def seed(self) -> float:
        """Standard error over trainings of their means over units; NaN for a single training."""
        by_seed = self.values.mean().to_numpy()
        return float(by_seed.std(ddof=1) / np.sqrt(len(by_seed))) if len(by_seed) > 1 else float("nan")


@dataclass(frozen=True)
class Exact:
    """A number of no training, such as a count of parameters; without an error, unless one is given."""

    mean: float
    seeds: tuple[int, ...] = ()
    statistical: float = 0.0
    seed: float = float("nan")
    freedom: float = inf


def measured(rows: pd.DataFrame) -> Measurement:
    """The one quantity that rows with seed, value and replicates hold, a row per seed."""
    rows = rows.sort_values("seed")
    return Measurement(
        tuple(int(seed) for seed in rows["seed"]),
        rows["value"].to_numpy(np.float64),
        np.stack(rows["replicates"].to_list()).astype(np.float64),
    )


def scaled(factor: float, quantity: Measurement) -> Measurement:
    """A measurement times a constant."""
    return Measurement(quantity.seeds, factor * quantity.values, factor * quantity.replicates)


def average(quantities: list[Measurement]) -> Measurement:
    """Mean of measurements that hold the same seeds and replicates."""
    return Measurement(
        quantities[0].seeds,
        np.mean([quantity.values for quantity in quantities], axis=0),
        np.mean([quantity.replicates for quantity in quantities], axis=0),
    )


@dataclass(frozen=True)
class Quoted:
    """A quantity that is known with its statistical error by training; replicates are not known.

    Attributes
    ----------
    values, errors : Series
        By training seed.
    """

    values: pd.Series
    errors: pd.Series
    freedom: ClassVar[float] = inf

    @property
    def seeds(self) -> tuple[int, ...]:
        """Training seeds."""
        return tuple(self.values.index)

    @property
    def mean(self) -> float:
        """Mean over trainings."""
        return float(self.values.mean())

    @property
    def statistical(self) -> float:
        """All trainings see the same jets, so their mean has the error that each has."""
        return float(self.errors.mean())

    @property
    def seed(self) -> float:
        """Standard error over trainings; NaN for a single one."""
        return float(self.values.std(ddof=1) / np.sqrt(len(self.values)))

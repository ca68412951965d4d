"""Comparing numbers with their errors, those of the test sample and of the training seed kept apart.

The replicates of any two rows of the metrics table are paired (same replicate, same event weights), so
arithmetic on them gives the error of a difference with the correlation between its terms; it is far below the
quadratic sum of theirs.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from robustag.errors import InputError
from robustag.evaluation.significance import p_value, total_error


@dataclass(frozen=True)
class Measurement:
    """One quantity measured with each of S training seeds, with B paired bootstrap replicates.

    `-` and `/` between two measurements work seed by seed and replicate by replicate; both must hold the
    same seeds.

    Attributes
    ----------
    seeds : tuple of int, length S
    values : float64 [S]
    replicates : float64 [S, B]
    """

    seeds: tuple[int, ...]
    values: np.ndarray
    replicates: np.ndarray

    @cached_property
    def mean(self) -> float:
        """Mean over seeds."""
        return float(self.values.mean())

    @cached_property
    def statistical(self) -> float:
        """Error of the mean from the finite test sample: spread over replicates of the mean over seeds.

        All seeds see the same jets, so averaging over seeds does not shrink it by 1 / sqrt(S). Replicates in
        which the quantity does not exist, such as a ratio to no mis-tagged jet, are left out; NaN if they are
        more than half.
        """
        means = self.replicates.mean(axis=0)
        means = means[np.isfinite(means)]
        return float(means.std(ddof=1)) if 2 * len(means) > self.replicates.shape[1] else float("nan")

    @cached_property
    def seed(self) -> float:
        """Error of the mean from the training seed: standard deviation over seeds / sqrt(S); NaN if S = 1."""
        if len(self.seeds) == 1:
            return float("nan")
        return float(self.values.std(ddof=1) / np.sqrt(len(self.seeds)))

    @property
    def total(self) -> float:
        """Quadratic sum of the statistical and, where more than one seed gives one, the seed error.

        NaN without a statistical error.
        """
        statistical = self.statistical
        return total_error(statistical, self.seed) if np.isfinite(statistical) else float("nan")

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the statistical error: replicates - 1."""
        return self.replicates.shape[1] - 1

    @property
    def p_value(self) -> float:
        """Two-sided, that the mean is so far from zero by chance; NaN without a statistical error."""
        return self.p_value_of(self.mean)

    def p_value_of(self, distance: float, *, these_trainings: bool = False) -> float:
        """That a number which scatters as this one does is so far from zero by chance, on either side.

        For `these_trainings` alone it does not matter what others would have given. NaN without a statistical
        error.
        """
        if not np.isfinite(self.statistical):
            return float("nan")
        seed, seeds = (np.nan, 1) if these_trainings else (self.seed, len(self.seeds))
        return float(p_value(distance, self.statistical, self.freedom, seed, seeds))

    def p_over_trainings(self, distance: float | None = None) -> float:
        """As `p_value_of`, of the mean if no distance is given; NaN for a single training, which says nothing
        of what others would have given.
        """
        if len(self.seeds) == 1:
            return float("nan")
        return self.p_value_of(self.mean if distance is None else distance)

    @property
    def magnitude(self) -> "Measurement":
        """The measurement with the sign that makes its mean over seeds positive.

        All seeds and replicates turn together, so that the error stays that of the signed number: replicates
        of an absolute value would be folded at zero, which makes their mean too large and their spread too
        small. Where nothing changes, the mean is that of a folded normal number, 0.8 errors; a difference of
        two such magnitudes scatters less than its error says, so it is seldom significant.
        """
        sign = -1.0 if self.mean < 0 else 1.0
        return Measurement(self.seeds, sign * self.values, sign * self.replicates)

    def __sub__(self, other: "Measurement") -> "Measurement":
        self._check_paired(other)
        return Measurement(self.seeds, self.values - other.values, self.replicates - other.replicates)

    def __truediv__(self, other: "Measurement") -> "Measurement":
        self._check_paired(other)
        return Measurement(
            self.seeds, _ratio(self.values, other.values), _ratio(self.replicates, other.replicates)
        )

    def _check_paired(self, other: "Measurement") -> None:
        if self.seeds != other.seeds:
            raise InputError(f"cannot pair seeds {self.seeds} with {other.seeds}: train both with the same")
        if self.replicates.shape != other.replicates.shape:
            raise InputError(
                f"cannot pair {self.replicates.shape[1]} bootstrap replicates with "
                f"{other.replicates.shape[1]}: measure both with one setting"
            )


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """A ratio to nothing does not exist: NaN."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)


def matching(table: pd.DataFrame, **wanted: str | float) -> np.ndarray:
    """Rows [N] in which every named column has the wanted value; numbers to nine digits, NaN is NaN."""
    chosen = np.ones(len(table), dtype=bool)
    for column, value in wanted.items():
        if isinstance(value, str):
            # Compared as they are stored: as NumPy objects strings take ten times as long.
            chosen &= (table[column] == value).to_numpy(dtype=bool)
        else:
            chosen &= np.isclose(
                table[column].to_numpy(dtype=float), value, rtol=1e-9, atol=0, equal_nan=True
            )
    return chosen

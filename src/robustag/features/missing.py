"""What marks an entry as missing, by the rule of the feature table and nothing else."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from robustag.errors import InputError

#: Beyond any value of any input in any unit: what programs write where there is no number.
WILD = 1e12

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MissingRules:
    """What marks an entry of F inputs as missing, beside not being a finite number.

    Attributes
    ----------
    at_or_below : float64 [F]
        Entries at or below it are missing; NaN where there is no such rule.
    at_stand_in : bool [F]
        The rule `at_or_below` holds for the value that stands in for missing entries, which only the
        training data give (see `known`).
    equal : float64 [F]
        Entries equal to it are missing; NaN where there is no such rule.
    counter : int64 [F]
        Input that counts the elements of the block; entries in places from that number on are missing.
        -1 where there is no such rule.
    place : int64 [F]
        Place of the input in its block.
    wild : bool [F]
        Entries larger than `WILD` in size are missing; elsewhere they are refused.
    """

    at_or_below: np.ndarray
    at_stand_in: np.ndarray
    equal: np.ndarray
    counter: np.ndarray
    place: np.ndarray
    wild: np.ndarray

    def known(self, stand_in: np.ndarray) -> Self:
        """The same rules, now that what stands in for missing entries is known, float64 [F]."""
        floor = np.where(self.at_stand_in, stand_in, self.at_or_below)
        return replace(self, at_or_below=floor, at_stand_in=np.zeros_like(self.at_stand_in))

    def mark(self, values: np.ndarray) -> np.ndarray:
        """Values float64 [N, F] with NaN for every missing entry."""
        with np.errstate(invalid="ignore"):
            missing = ~np.isfinite(values) | (values <= self.at_or_below) | (values == self.equal)
            missing |= self.wild & (np.abs(values) > WILD)
        marked = np.where(missing, np.nan, values)
        marked[self._beyond(marked)] = np.nan
        return marked

    def read(self, values: np.ndarray, names: Sequence[str], path: str | Path) -> np.ndarray:
        """What a reader returns of the values float64 [N, F] in a file: NaN for every missing entry.

        Raises
        ------
        InputError
            If a number is wild and the table has no rule that makes it missing.
        """
        marked = self.mark(values)
        with np.errstate(invalid="ignore"):
            wild = np.isfinite(values) & (np.abs(values) > WILD)
        refused = wild & ~self.wild & ~self._beyond(marked)
        if refused.any():
            jet, column = np.argwhere(refused)[0]
            raise InputError(
                f"{path}: input '{names[column]}' holds {values[jet, column]:.3g} in "
                f"{int(refused[:, column].sum())} jets: mend the ntuple, or say wild: true "
                "in the feature table if such numbers mean that the entry is missing"
            )
        if wild.any():
            _log.info("%s: %d numbers beyond %g are missing entries", path, int(wild.sum()), WILD)
        return marked

    def _beyond(self, marked: np.ndarray) -> np.ndarray:
        """Entries bool [N, F] of places beyond the number of elements; a missing counter counts none."""
        beyond = np.zeros(marked.shape, dtype=bool)
        counted = self.counter >= 0
        if counted.any():
            beyond[:, counted] = ~(self.place[counted] < marked[:, self.counter[counted]])
        return beyond

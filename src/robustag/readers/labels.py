"""Which flavour a jet has, by what its file says: a map in the sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from robustag.classes import CLASSES
from robustag.errors import InputError


@dataclass(frozen=True)
class LabelMap:
    """Values of one column, or columns that are true, for each flavour.

    Attributes
    ----------
    branch : str or None
        The column whose values are meant; None if each flavour names columns of its own.
    flavours : mapping of str to sequence
        For each of b, c and light its values of that column, or its columns.
    """

    branch: str | None
    flavours: Mapping[str, Sequence[Any]]

    @classmethod
    def parse(cls, written: Mapping[str, Any]) -> Self:
        """``{branch: hadronFlavour, b: [5], c: [4], light: [0]}`` or ``{b: [isB, isBB], c: [isC], ...}``.

        Raises
        ------
        InputError
            If a flavour lists values and no branch has them.
        """
        if "branch" not in written:
            for value in (each for name in CLASSES for each in written.get(name, [])):
                if not isinstance(value, str):
                    raise InputError(
                        f"labels list {value}, which names no branch: say which branch has these values"
                    )
        return cls(written.get("branch"), {name: written.get(name, []) for name in CLASSES})

    @property
    def columns(self) -> list[str]:
        """Columns that it needs."""
        if self.branch is not None:
            return [self.branch]
        return [name for names in self.flavours.values() for name in names]

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Label of each jet, int64 [N]; -1 where none fits, the first of b, c, light where several do."""
        if self.branch is None:
            fits = [
                np.any([columns[name] > 0 for name in names], axis=0)
                if names
                else np.zeros(len(next(iter(columns.values()))), bool)
                for names in self.flavours.values()
            ]
        else:
            fits = [np.isin(columns[self.branch], list(values)) for values in self.flavours.values()]
        return np.select(fits, range(len(CLASSES)), default=-1)

"""Flat jet records: what every reader returns, whatever the ntuple looked like."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np

from robustag.errors import InputError

# Beyond any value of any input in any unit.
_LARGEST = 1e12

# Hadron flavour (PDG code of the heavy quark, 0 for light) in the class order of the taggers.
FLAVOURS = (5, 4, 0)


class Columns(Protocol):
    """What a reader has to know of the inputs; `FeatureTable` does."""

    names: tuple[str, ...]
    jet_variables: tuple[str, ...]
    track_variables: tuple[str, ...]
    tracks: int


@dataclass(frozen=True)
class JetRecords:
    """Jets of one ntuple, before any cleaning.

    Attributes
    ----------
    values : float64 [N, F]
        Inputs in physical units, in the order of the feature table; NaN or infinite where an entry
        does not exist.
    label : int64 [N]
        Class: 0 = b, 1 = c, 2 = light; -1 where the ntuple does not say.
    pt, eta : float32 [N]
        Jet kinematics (GeV, 1).
    run, luminosity_block, event : uint64 [N]
        Event identification.
    """

    values: np.ndarray
    label: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    run: np.ndarray
    luminosity_block: np.ndarray
    event: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def check(self, path: str | Path, table: Columns) -> None:
        """Refuse jets without kinematics, and finite numbers that no detector gives, such as 1e31.

        Raises
        ------
        InputError
            Naming the file, the input and the number.
        """
        lost = ~(np.isfinite(self.pt) & np.isfinite(self.eta))
        if lost.any():
            jet = int(np.argmax(lost))
            raise InputError(
                f"{path}: {int(lost.sum())} jets have no kinematics, one pt = {self.pt[jet]:g} and eta = "
                f"{self.eta[jet]:g}: leave these jets out of the ntuple"
            )
        with np.errstate(invalid="ignore"):
            wild = np.isfinite(self.values) & (np.abs(self.values) > _LARGEST)
        if wild.any():
            jet, column = np.argwhere(wild)[0]
            raise InputError(
                f"{path}: input '{table.names[column]}' holds {self.values[jet, column]:.3g} in "
                f"{int(wild[:, column].sum())} jets: mend the ntuple, or mark what is missing with NaN"
            )

    def select(self, rows: np.ndarray) -> "JetRecords":
        """The jets of a boolean mask or an index array."""
        return JetRecords(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

"""Flat jet records: what every reader returns, whatever the ntuple looked like."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from robustag.errors import InputError
from robustag.features import FeatureTable

# Hadron flavour (PDG code of the heavy quark, 0 for light) in the class order of the taggers.
FLAVOURS = (5, 4, 0)


@dataclass(frozen=True)
class JetRecords:
    """Jets of one ntuple, as every reader returns them.

    Attributes
    ----------
    values : float64 [N, F]
        Inputs in physical units, in the order of the feature table; NaN where an entry does not exist, and
        nowhere infinite (see `cleaned`).
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

    def cleaned(self, path: str | Path, table: FeatureTable) -> "JetRecords":
        """The same jets with NaN for every entry that is missing by the rules of the feature table.

        Every reader calls it on what it has read.

        Raises
        ------
        InputError
            Naming file and number, for jets without kinematics, and for numbers that no detector gives, such
            as 1e31, unless the table says that they are missing entries.
        """
        lost = ~(np.isfinite(self.pt) & np.isfinite(self.eta))
        if lost.any():
            jet = int(np.argmax(lost))
            raise InputError(
                f"{path}: {int(lost.sum())} jets have no kinematics, one pt = {self.pt[jet]:g} and eta = "
                f"{self.eta[jet]:g}: leave these jets out of the ntuple"
            )
        return replace(self, values=table.missing_rules.read(self.values, table.names, path))

    def select(self, rows: np.ndarray) -> "JetRecords":
        """The jets of a boolean mask or an index array."""
        return JetRecords(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

"""Flat jet records: what every reader returns, whatever the ntuple looked like."""

from dataclasses import dataclass, fields

import numpy as np

# Hadron flavour (PDG code of the heavy quark, 0 for light) in the class order of the taggers.
FLAVOURS = (5, 4, 0)


@dataclass(frozen=True)
class JetRecords:
    """Jets of one ntuple, before any cleaning.

    Attributes
    ----------
    values : float64 [N, F]
        Inputs in physical units, in the order of the feature table; NaN or infinite where an entry
        does not exist.
    label : int64 [N]
        Class: 0 = b, 1 = c, 2 = light.
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

    def select(self, rows: np.ndarray) -> "JetRecords":
        """The jets of a boolean mask or an index array."""
        return JetRecords(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

"""What every kind of file of columns can do."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import awkward as ak


class Container(Protocol):
    """Columns of one open file.

    Attributes
    ----------
    names : sequence of str
        Of its columns.
    entries : int
        How many there are in each.
    kind : str
        What a person calls it.
    """

    names: Sequence[str]
    entries: int
    kind: str

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Columns that it has, of the entries from `start` to before `stop`.

        Raises
        ------
        InputError
            If the file is damaged.
        """

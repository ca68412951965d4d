"""Naming several inputs at once."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from robustag.errors import InputError
from robustag.features.table import FeatureTable


def select_inputs(selectors: Sequence[str], table: FeatureTable) -> np.ndarray:
    """Inputs that any selector names, bool [F].

    A selector is a group of the feature table (jet, vertex, track) or an input name in which ``*`` stands
    for anything: ``track_*_D0`` is the impact parameter of every track.

    Raises
    ------
    InputError
        If a selector names no input.
    """
    chosen = np.zeros(table.size, dtype=bool)
    for selector in selectors:
        named = np.array(
            [
                selector == group or fnmatchcase(name, selector)
                for name, group in zip(table.names, table.groups, strict=True)
            ]
        )
        if not named.any():
            raise InputError(
                f"'{selector}' names no input of '{table.data_set}': use an input such as {table.names[0]}, "
                "a pattern such as track_*_D0, or a group (jet, vertex, track)"
            )
        chosen |= named
    return chosen

"""Naming several inputs at once."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from robustag.errors import InputError
from robustag.features.table import FeatureTable


def select_inputs(selectors: Sequence[str], table: FeatureTable) -> np.ndarray:
    """Inputs that any selector names, bool [F].

    A selector is, in this order: a group of the feature table (jet, vertex, track); the name of a block;
    ``BLOCK.VARIABLE``, the variable of every element of a block; or the name of an input. In the last two
    ``*`` stands for anything: ``track.*`` is all of the block track, ``track_*_D0`` the impact parameter of
    every track. A pattern that begins with the name of a block of elements, as ``track_*`` does, names inputs
    of that block alone, and not the jet's own ``track_2_d0_significance``.

    Raises
    ------
    InputError
        If a selector names no input.
    """
    chosen = np.zeros(table.size, dtype=bool)
    for selector in selectors:
        named = _named(selector, table)
        if not named.any():
            kinds = ", ".join(dict.fromkeys((*table.groups, *(block.name for block in table.blocks))))
            element = next((each for each in table.inputs if each.place is not None), None)
            pattern = f"a pattern such as {element.block}_*_{element.variable.name}, " if element else ""
            raise InputError(
                f"'{selector}' names no input of '{table.data_set}': use an input such as {table.names[0]}, "
                f"{pattern}or a group or block ({kinds})"
            )
        chosen |= named
    return chosen


def _named(selector: str, table: FeatureTable) -> np.ndarray:
    for names in (table.groups, tuple(each.block for each in table.inputs)):
        if selector in names:
            return np.array([name == selector for name in names])
    if "." in selector:
        return np.array(
            [fnmatchcase(f"{each.block}.{each.variable.name}", selector) for each in table.inputs]
        )
    pattern = any(sign in selector for sign in "*?[")
    blocks = [block.name for block in table.element_blocks if selector.startswith(f"{block.name}_")]
    # Of two blocks of which one's name begins with the other's, the longer name is meant.
    only = max(blocks, key=len, default=None) if pattern else None
    return np.array(
        [fnmatchcase(each.name, selector) and only in (None, each.block) for each in table.inputs]
    )

"""Picking rows of a tidy table, with a readable complaint when none are there."""

import numpy as np
import pandas as pd

from robustag.errors import InputError


def pick(table: pd.DataFrame, source: str, **wanted: object) -> pd.DataFrame:
    """Rows of ``table`` where every named column has the wanted value (floats to 1e-9).

    Args:
        table: a tidy table.
        source: what to call the table in an error, for instance ``"curves"``.
        wanted: column = value.

    Raises:
        InputError: no row is left; the message lists what the first failing column offers.
    """
    rows = table
    for column, value in wanted.items():
        if isinstance(value, float):
            keep = np.isclose(rows[column].to_numpy(float), value, rtol=0.0, atol=1e-9)
        else:
            keep = (rows[column] == value).to_numpy()
        if not keep.any():
            offered = ", ".join(str(entry) for entry in sorted(rows[column].unique()))
            asked = ", ".join(f"{name} = {entry}" for name, entry in wanted.items())
            raise InputError(f"table {source}: no row for {asked}; for {column} it offers: {offered}")
        rows = rows[keep]
    return rows

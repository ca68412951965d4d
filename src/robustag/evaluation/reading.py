"""Rows of the collected tables, with a readable complaint if they are missing."""

import pandas as pd

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.differences import matching

#: What comparisons of models need of the metrics table.
METRIC_COLUMNS = [
    *("model", "seed", "kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
    *("value", "replicates"),
]
#: What the histograms of data and simulation call data, and simulated jets of none of the three classes.
DATA, OTHER = "data", "other"
#: The flavours of simulation there.
COMPARED_FLAVOURS = (*CLASSES, OTHER)
#: What a plane of the loss is recognised by; the table of planes begins with the plane of the papers.
PLANE = ["jets", "kind", "feature_x", "feature_y"]


def pick(table: pd.DataFrame, source: str, /, **wanted: str | float) -> pd.DataFrame:
    """Rows of ``table`` where every named column has the wanted value (numbers to nine digits).

    Parameters
    ----------
    table : DataFrame
        A tidy table.
    source : str
        What to call the table in an error, for instance ``"curves"``.
    **wanted : str or float
        Column and value.

    Raises
    ------
    InputError
        If no row is left; the message lists what the first failing column offers.
    """
    rows = table
    for column, value in wanted.items():
        keep = matching(rows, **{column: value})
        if not keep.any():
            offered = ", ".join(str(entry) for entry in sorted(rows[column].unique()))
            asked = ", ".join(f"{name} = {entry}" for name, entry in wanted.items())
            raise InputError(f"table {source}: no row for {asked}; for {column} it offers: {offered}")
        rows = rows[keep]
    return rows

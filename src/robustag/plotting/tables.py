"""The collected tables: reading columns and picking rows, with a readable complaint if they are missing."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from robustag.errors import InputError
from robustag.evaluation.differences import matching

METRIC_COLUMNS = [
    *("model", "seed", "kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
    *("value", "replicates"),
]


def read_columns(path: str | Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read the named columns of a parquet table.

    Raises
    ------
    InputError
        If the file is missing or is no parquet table, or a column is not in it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = list(columns)
    try:
        present = pq.read_schema(path).names
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; run the rule that makes it first") from None
    except pa.ArrowInvalid:
        raise InputError(f"{path}: not a parquet table; delete it and run its rule again") from None
    absent = [column for column in wanted if column not in present]
    if absent:
        raise InputError(f"{path}: column {', '.join(absent)} is missing; the table has {', '.join(present)}")
    return pd.read_parquet(path, columns=wanted)


def pick(table: pd.DataFrame, source: str, **wanted: object) -> pd.DataFrame:
    """Rows of ``table`` where every named column has the wanted value (numbers to nine digits).

    Parameters
    ----------
    table : DataFrame
        A tidy table.
    source : str
        What to call the table in an error, for instance ``"curves"``.
    **wanted : object
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

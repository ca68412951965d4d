"""The tables of single jobs gathered into one table a kind."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from robustag.errors import InputError
from robustag.files import read_table, write_csv, write_table


def collect(parts: Iterable[tuple[str | Path, str, int]], output: str | Path) -> pd.DataFrame:
    """Concatenate tables, each with its model and seed as first columns, and write parquet.

    Parameters
    ----------
    parts : iterable of (path, str, int)
        A table, the model that it is about, empty for none, and the seed of its training.

    Raises
    ------
    InputError
        If a table cannot be read, or has other columns than the first.
    """
    tables: list[pd.DataFrame] = []
    first: str | Path | None = None
    for path, model, seed in parts:
        table = read_table(path)
        if tables and list(table.columns) != list(tables[0].columns[2:]):
            raise InputError(f"{path} has other columns than {first}: delete the older one and run again")
        first = first or path
        table.insert(0, "model", model)
        table.insert(1, "seed", seed)
        tables.append(table)
    collected = pd.concat(tables, ignore_index=True)
    write_table(collected, output)
    return collected


def metrics_csv(metrics: pd.DataFrame, study: str, output: str | Path) -> None:
    """Write the metrics for people: the study in front, no bootstrap replicates, nine digits."""
    table = metrics.drop(columns="replicates")
    table.insert(0, "study", study)
    write_csv(table, output, digits=9)

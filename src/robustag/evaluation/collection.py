"""The tables of single jobs gathered into one table a kind."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustag.errors import InputError
from robustag.files import read_table, write_csv, write_table

# .../{model}/seed{seed}.history.parquet or .../{model}/seed{seed}/{perturbation}.metrics.parquet
_ORIGIN = re.compile(r"/(?P<model>[a-z][a-z0-9_]*)/seed(?P<seed>\d+)[./]")


def collect(paths: Sequence[str | Path], output: str | Path) -> pd.DataFrame:
    """Concatenate tables, with the model and seed their paths name as first columns, and write parquet.

    Raises
    ------
    InputError
        If a table cannot be read, has other columns than the first, or its path names no model and seed.
    """
    tables: list[pd.DataFrame] = []
    for path in paths:
        table = read_table(path)
        if tables and list(table.columns) != list(tables[0].columns[2:]):
            raise InputError(f"{path} has other columns than {paths[0]}: delete the older one and run again")
        model, seed = origin(path)
        table.insert(0, "model", model)
        table.insert(1, "seed", seed)
        tables.append(table)
    collected = pd.concat(tables, ignore_index=True)
    write_table(collected, output)
    return collected


def origin(path: str | Path) -> tuple[str, int]:
    """Model and seed that a path names.

    Examples
    --------
    >>> origin("results/default/models/clean_nominal/seed2.safetensors")
    ('clean_nominal', 2)

    Raises
    ------
    InputError
        If it names none.
    """
    found = _ORIGIN.search(Path(path).as_posix())
    if found is None:
        raise InputError(f"{path} names no model and seed: expected .../model/seed1...")
    return found["model"], int(found["seed"])


def metrics_csv(metrics: pd.DataFrame, study: str, output: str | Path) -> None:
    """Write the metrics for people: the study in front, no bootstrap replicates, nine digits."""
    table = metrics.drop(columns="replicates")
    table.insert(0, "study", study)
    write_csv(table, output, digits=9)

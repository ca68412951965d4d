"""Columns that many shown tables have in common."""

import pandas as pd

from robustag.evaluation.differences import Measurement


def in_front(table: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The table with columns of one value each before its own, in the order given."""
    front = pd.DataFrame(columns, index=table.index)
    return pd.concat([front, table], axis=1)


def seed_averaged(name: str, measured: Measurement) -> dict[str, float]:
    """A measurement as columns: its mean over seeds under a name, and its errors.

    Those are ``statistical``, ``seed`` and their quadratic sum, ``error``.
    """
    return {
        name: measured.mean,
        "statistical": measured.statistical,
        "seed": measured.seed,
        "error": measured.total,
    }

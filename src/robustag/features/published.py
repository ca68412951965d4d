"""What is published of a data set that is not at hand: mean and standard deviation of its inputs."""

import csv
from math import nan, sqrt
from pathlib import Path
from typing import NamedTuple

from robustag.errors import InputError


class Moments(NamedTuple):
    """Mean and standard deviation of one input, in its unit, without missing entries.

    stand_in: the value that stands for a missing entry there; NaN where the file does not say.
    """

    mean: float
    sigma: float
    stand_in: float = nan


def read_moments(path: str | Path) -> dict[str, Moments]:
    """Moments by the name of the input, from a CSV file with columns name, mean, variance, perhaps default.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {
            row["name"]: Moments(
                float(row["mean"]), sqrt(float(row["variance"])), float(row.get("default", nan))
            )
            for row in rows
        }
    except OSError as error:
        raise InputError(f"published moments {path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"published moments {path} cannot be read: give columns name, mean and variance, in numbers"
        ) from error

"""Whether what a user brings can be used: configurations and ntuples, before anything runs."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from robustag.classes import CLASSES
from robustag.documents import read_document
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.table import check_layout
from robustag.readers import JetRecords, Reading
from robustag.workflow.configuration import check_against_schema
from robustag.workflow.places import CONFIG_SCHEMA, FEATURES_SCHEMA
from robustag.workflow.selection import check_selection


class Checked(NamedTuple):
    """What a configuration that can be studied comes with.

    Attributes
    ----------
    table : FeatureTable
        What ``features`` names.
    left_out : list of str
        What only the default configuration selects and the jets do not allow, in lines.
    """

    table: FeatureTable
    left_out: list[str]


def check_configuration(config: dict) -> Checked:
    """Check a whole configuration against its schema, its feature table and itself.

    What only the default configuration selects and the jets do not allow is taken out of it, in place.

    Raises
    ------
    InputError
        One line per fault: the file or key, what is wrong with it and how to mend it.
    """
    check_against_schema(config, CONFIG_SCHEMA, "config")
    if endless := list(_not_finite(config, "")):
        raise InputError(
            "\n".join(
                f"config: {place}: {value} is not a number to compute with: give a finite one"
                for place, value in endless
            )
        )
    inputs = read_document(config["features"])
    check_layout(inputs, config["features"])
    check_against_schema(inputs, FEATURES_SCHEMA, config["features"])
    table = FeatureTable.from_document(inputs)
    return Checked(table, check_selection(config, table))


def check_ntuple(
    path: str | Path, table: FeatureTable, reading: Reading | None = None, published: str | Path | None = None
) -> list[str]:
    """Read a file of jets as the study does and say what is in it, a line per finding.

    Parameters
    ----------
    reading : Reading, optional
        How it is read; without it, as a file of the generator. One of the public data set is compared with
        what is known of it.
    published : path, optional
        Published means and variances of the inputs, for that comparison.

    Raises
    ------
    InputError
        If it cannot be read, has no jets, holds an event twice or numbers that make no sense.
    """
    from robustag.validation.data_set import FORMAT, DataSetComparison

    reading = reading or Reading()
    counts = np.zeros(len(CLASSES) + 1, np.int64)
    comparison = DataSetComparison(table, published) if reading.format == FORMAT else None
    for jets in reading.stream(path, table):
        _check_duplicates(path, jets)
        _check_ranges(path, jets.values, table)
        counts += np.bincount(jets.label + 1, minlength=len(counts))
        if comparison:
            comparison.add(jets)
    if not counts.any():
        raise InputError(f"{path} holds no jets: leave it out")
    return [_content(counts), *(comparison.findings() if comparison else ())]


def _content(counts: np.ndarray) -> str:
    """How many jets there are: of no class, and of each class."""
    if not counts[1:].any():
        return f"{counts[0]} jets without flavour: to be scored, not to train or test with"
    flavours = ", ".join(f"{count} {name}" for count, name in zip(counts[1:], CLASSES, strict=True))
    lone = " (a study needs all three: add samples)" if (counts[1:] == 0).any() else ""
    return f"{counts.sum()} jets: {flavours}{lone}"


def _check_duplicates(path: str | Path, jets: JetRecords) -> None:
    """Refuse an event that stands twice: it would count twice in every number and its error."""
    place = np.stack([jets.event, jets.index.astype(np.uint64)], axis=1)
    unique, first, counts = np.unique(place, axis=0, return_index=True, return_counts=True)
    if (twice := counts > 1).any():
        row, others = first[twice].min(), len(np.unique(unique[twice][:, 0])) - 1
        words = {name: column[row] for name, column in jets.described.items() if "flavour" not in name}
        event = f"event {words.pop('event')}" if "event" in words else "an event"
        of = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in words.items())
        raise InputError(
            f"{path}: {event}{' of ' if of else ''}{of}{',' if of else ''} stands in it more than once, "
            f"as do {others} others: merge its sources without overlap"
        )


def _check_ranges(path: str | Path, values: np.ndarray, table: FeatureTable) -> None:
    """Refuse numbers outside the physical range of their input, as the -1000 of what was not evaluated."""
    with np.errstate(invalid="ignore"):
        outside = (values < table.lower) | (values > table.upper)
    if outside.any():
        jet, column = np.argwhere(outside)[0]
        raise InputError(
            f"{path}: input '{table.names[column]}' is {values[jet, column]:g} for one of "
            f"{outside[:, column].sum()} jets outside [{table.lower[column]:g}, {table.upper[column]:g}]: "
            "mend its unit, or mark what is missing with NaN"
        )


def _not_finite(value: Any, place: str) -> Iterator[tuple[str, float]]:
    """Numbers that are infinite or none, with their place."""
    if isinstance(value, float) and not math.isfinite(value):
        yield place, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _not_finite(part, f"{place}.{key}".lstrip("."))

"""What is in a file, in lines for people."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from robustag.describing.layout import Layout
from robustag.describing.survey import ENTRIES, Column
from robustag.readers.containers import Container

# Of a file with more columns than this, only those of jets and their elements are listed.
_MANY = 100


def described(
    path: Path,
    container: Container,
    columns: Mapping[str, Column],
    layout: Layout,
    formats: list[str],
    everything: bool,
) -> Iterator[str]:
    """Lines about a file: its kind, its columns by collection, what they seem to be.

    Parameters
    ----------
    formats : list of str
        That it looks like, the most particular first.
    everything : bool
        Every column of every collection, not of the jets and their elements alone.
    """
    looked = min(ENTRIES, container.entries)
    first = "" if looked == container.entries else f"; the first {looked:,} are described"
    yield f"{path}: {container.kind}, {container.entries:,} entries, {len(columns)} columns{first}"
    yield f"format: {formats[0]}" + (" (any file of columns)" if formats[0] == "columns" else "")
    used = {column.name for column in layout.own} | {n for each in layout.elements for n in each.columns}
    used |= {n for each in layout.elements for n in [each.jet_index] if n}
    whole = everything or len(columns) <= _MANY
    yield ""
    for title, group in _groups(columns).items():
        listed = whole or used & {column.name for column in group} or _patterned(used, group)
        yield f"{title}: {_shape(group)}"
        if listed:
            yield from [*_table(group), ""]
    yield from _guesses(layout)
    if not whole:
        yield "--all lists every column"


def _patterned(used: set[str], group: list[Column]) -> bool:
    """Whether a pattern with places names some of them."""
    patterns = [
        re.compile(re.escape(name).replace(r"\{place\}", r"\d+")) for name in used if "{place}" in name
    ]
    return any(pattern.fullmatch(column.name) for pattern in patterns for column in group)


def _groups(columns: Mapping[str, Column]) -> dict[str, list[Column]]:
    """Columns of one beginning and depth; what stands alone comes last."""
    found: dict[tuple[str, int], list[Column]] = {}
    for column in columns.values():
        found.setdefault((re.split(r"[_.]", column.name)[0], column.depth), []).append(column)
    groups = {f"{stem}": group for (stem, _), group in found.items() if len(group) > 1}
    lone = [column for group in found.values() if len(group) == 1 for column in group]
    return groups | ({"others": lone} if lone else {})


def _shape(group: list[Column]) -> str:
    depths = {column.depth for column in group}
    number = f"{len(group)} columns"
    if depths == {1}:
        return f"{number}, a number per entry"
    if len(depths) > 1:
        return number
    counts = group[0].counts
    lists = "a list per entry" if depths == {2} else "a list of lists per entry"
    mean = counts.mean() if len(counts) else 0.0
    return f"{number}, {lists} (on average {mean:.2g} each, at most {counts.max(initial=0)})"


def _table(group: list[Column]) -> list[str]:
    head = ("column", "type", "least", "1 %", "median", "99 %", "most", "often")
    rows = [head, *(_row(column) for column in group)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head) - 1)]
    return [
        "  "
        + "  ".join(
            [
                row[0].ljust(widths[0]),
                row[1].ljust(widths[1]),
                *(cell.rjust(w) for cell, w in zip(row[2:-1], widths[2:], strict=True)),
                row[-1],
            ]
        ).rstrip()
        for row in rows
    ]


def _row(column: Column) -> tuple[str, ...]:
    kind = "[]" * (column.depth - 1) + column.kind
    if not len(column.values):
        return (column.name, kind, "", "", "", "", "", "no number" if column.kind != "other" else "")
    quantiles = [f"{each:.4g}" for each in np.quantile(column.values, [0.0, 0.01, 0.5, 0.99, 1.0])]
    notes = [
        f"{value:g} in {_percent(share)}"
        for value, share in column.common.items()
        if not _is_plain(column, value)
    ]
    notes += [f"{_percent(column.absent)} NaN"] if column.absent else []
    notes += [f"{_percent(column.wild)} beyond 1e12"] if column.wild else []
    return (column.name, kind, *quantiles, ", ".join(notes))


def _is_plain(column: Column, value: float) -> bool:
    """Whether a value is one of few that a whole number takes, as 0 of a flag."""
    return column.is_integer and value in (0.0, -1.0, -2.0) and value not in column.sentinels


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _guesses(layout: Layout) -> Iterator[str]:
    """What the columns seem to be."""
    if layout.has_jets:
        said = ", ".join(
            f"{key}: {value if isinstance(value, str) else ' '.join(value)}"
            for key, value in layout.options.items()
        )
        yield f"jets: {said}"
    if layout.labels:
        branch = layout.labels.get("branch")
        flavours = "; ".join(
            f"{key}: {' '.join(map(str, value))}" for key, value in layout.labels.items() if key != "branch"
        )
        yield f"flavours: {f'by {branch}, ' if branch else ''}{flavours}"
    if layout.own:
        yield f"inputs of the jet: {len(layout.own)} columns"
    for each in layout.elements:
        link = f", linked by {each.jet_index}" if each.jet_index else ""
        yield f"elements: {each.name}, {len(each.columns)} columns, {each.count} of a jet{link}"
    for note in layout.notes:
        yield f"note: {note}"

"""What holds between the inputs of a jet: relations that roles, orders and the list `relations` state."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robustag.errors import InputError
from robustag.features.blocks import Block

if TYPE_CHECKING:
    from robustag.features.table import FeatureTable


@dataclass(frozen=True)
class Sorted:
    """Elements come in falling order of a value, over the root of its variance if there is one.

    value, variance : int64 [T] or None
        Columns, element by element.
    """

    value: np.ndarray
    variance: np.ndarray | None

    @property
    def columns(self) -> np.ndarray:
        """All columns concerned, int64."""
        return self.value if self.variance is None else np.concatenate([self.value, self.variance])


@dataclass(frozen=True)
class Significance:
    """An input is ``|value| / sqrt(variance)`` of the element whose `key` is number `rank` in falling size.

    column : int
        The input.
    value, variance, key : int64 [T]
        Columns, element by element.
    rank : int
        From 0.
    """

    column: int
    value: np.ndarray
    variance: np.ndarray
    key: np.ndarray
    rank: int

    @property
    def columns(self) -> np.ndarray:
        """All columns concerned, int64."""
        return np.concatenate([[self.column], self.value, self.variance, self.key])


@dataclass(frozen=True)
class Shares:
    """Inputs that are shares of one whole, so that their sum is at most one: columns int64 [K]."""

    columns: np.ndarray


@dataclass(frozen=True)
class Occupancy:
    """A count that is not below the number of elements that exist: its column, and theirs int64 [V, T]."""

    column: int
    elements: np.ndarray


Relation = Sorted | Significance | Shares | Occupancy
#: Those that moves of continuous inputs can break.
Continuous = Sorted | Significance | Shares


def relations_of(table: "FeatureTable") -> tuple[Relation, ...]:
    """What a table says, first what follows from roles, orders and rules for missing entries.

    Raises
    ------
    InputError
        If the list `relations` names what is not there.
    """
    found: list[Relation] = []
    for block in table.blocks:
        found += _of_block(block)
        # Several variables may name one counter.
        rules = [variable.missing for variable in block.variables]
        counters = {str(rule["beyond_count"]) for rule in rules if "beyond_count" in rule}
        found += [Occupancy(table.index(name), block.columns) for name in sorted(counters)]
    return (*found, *(_written(one, table) for one in table.document.get("relations", [])))


def _of_block(block: Block) -> Iterator[Relation]:
    names = [variable.name for variable in block.variables]
    if block.count is not None and block.order is not None and block.order.value in names:
        value, variance = block.columns[names.index(block.order.value)], block.order.variance
        if variance is None:
            yield Sorted(value, None)
        elif variance in names:
            yield Sorted(value, block.columns[names.index(variance)])
    for index, variance_index in block.variances():
        if (given := block.find("significance", names[index])) is not None:
            for target, value, variance in block.columns[[given, index, variance_index]].T:
                yield Significance(int(target), value[None], variance[None], value[None], 0)


def _written(written: dict, table: "FeatureTable") -> Relation:
    if "sum" in written:
        return Shares(np.array([table.index(name) for name in written["sum"]]))
    block = table.element_block(written["block"])
    if "count" in written:
        return Occupancy(table.index(written["count"]), block.columns)
    target, names = written["significance"], [variable.name for variable in block.variables]
    fault = f"feature table '{table.data_set}': the relation of '{target}' "
    for name in (written["of"], written["by"]):
        if name not in names:
            raise InputError(
                f"{fault}names '{name}', which the block '{block.name}' lacks: use {', '.join(names)}"
            )
    variance = block.find("variance", written["of"])
    if variance is None:
        raise InputError(
            f"{fault}needs a variance of '{written['of']}', which the block '{block.name}' lacks: give a "
            f"variable the role {{variance_of: {written['of']}}}, or leave the relation out"
        )
    if written["rank"] > block.columns.shape[1]:
        raise InputError(
            f"{fault}names element {written['rank']} of {block.columns.shape[1]}: give a smaller rank"
        )
    value, key = (block.columns[names.index(written[which])] for which in ("of", "by"))
    return Significance(table.index(target), value, block.columns[variance], key, written["rank"] - 1)

"""The feature table: one YAML file per data set, expanded to one entry per input of the network."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from robustag.documents import read_document
from robustag.errors import InputError
from robustag.features.blocks import Block, Role, Variable
from robustag.features.missing import MissingRules
from robustag.features.relations import Relation, relations_of


class Input(NamedTuple):
    """One input: its name, its block, its place there (None in a block of the jet itself), its variable."""

    name: str
    block: str
    place: int | None
    variable: Variable

    @property
    def role(self) -> Role | None:
        """What it means, where something depends on it."""
        return self.variable.role

    @property
    def label(self) -> str:
        """What an axis calls it, with its unit; the unit "1" of a pure number stays away."""
        text, unit = self.variable.label, self.variable.unit
        text = text if self.place is None else f"{text} of {self.block} {self.place}"
        return text if unit == "1" else f"{text} [{unit}]"

    @property
    def kind(self) -> str:
        """What it has in common with the same variable of other elements of its block."""
        return self.name if self.place is None else f"{self.block} {self.variable.name}"


@dataclass(frozen=True)
class FeatureTable:
    """Every input of one data set, in the network's order.

    The F inputs are those of one block after another. A block of the jet itself has one input per variable,
    of that name. A block of T elements has T inputs per variable (variable-major: ``track_0_D0, track_1_D0,
    ..., track_0_Z0, ...``, as in the flattened data of arXiv:2203.13890).

    Attributes
    ----------
    data_set : str
        Name of the data set.
    blocks : tuple of Block
        Variables of the jet itself and of what is in it.
    document : dict
        The table as YAML wrote it, JSON-ready; `from_document` makes the table from it again.
    """

    data_set: str
    blocks: tuple[Block, ...]
    document: dict = field(repr=False, compare=False)

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        """Every input in order, length F."""
        return tuple(
            Input(variable.name, block.name, None, variable)
            if place is None
            else Input(f"{block.name}_{place}_{variable.name}", block.name, place, variable)
            for block in self.blocks
            for variable in block.variables
            for place in ([None] if block.count is None else range(block.count))
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(each.name for each in self.inputs)

    @property
    def size(self) -> int:
        """Number of inputs F."""
        return len(self.names)

    @property
    def jet_columns(self) -> np.ndarray:
        """Columns of the inputs of the jet itself, int64 [J]."""
        return np.concatenate(
            [np.zeros(0, dtype=int), *(b.columns.ravel() for b in self.blocks if b.count is None)]
        )

    @property
    def element_blocks(self) -> tuple[Block, ...]:
        """The blocks of elements: tracks, candidates, vertices."""
        return tuple(block for block in self.blocks if block.count is not None)

    def element_block(self, name: str | None = None) -> Block:
        """A block of elements: the one of that name, or the first.

        Raises
        ------
        InputError
            If there is none.
        """
        blocks = {block.name: block for block in self.element_blocks}
        if not blocks:
            raise InputError(f"feature table '{self.data_set}' has no block of elements, such as tracks")
        if name is not None and name not in blocks:
            raise InputError(
                f"feature table '{self.data_set}' has no block of elements '{name}': use {', '.join(blocks)}"
            )
        return blocks[next(iter(blocks)) if name is None else name]

    def own(self, role: str) -> str | None:
        """Name of the jet's own input in a role, such as pt; None if there is none."""
        return next(
            (each.name for each in self.inputs if each.place is None and each.role == Role(role)), None
        )

    @property
    def units(self) -> tuple[str, ...]:
        """Physical unit of each input ("1" for a pure number)."""
        return tuple(each.variable.unit for each in self.inputs)

    @property
    def groups(self) -> tuple[str, ...]:
        """Group of each input."""
        return tuple(each.variable.group for each in self.inputs)

    @cached_property
    def integer(self) -> np.ndarray:
        """Counts, which no perturbation moves but by whole numbers, bool [F]."""
        return np.array([each.role == Role("count") for each in self.inputs])

    @cached_property
    def stand_in(self) -> np.ndarray:
        """Value that stands in for a missing entry, float64 [F]; NaN where the data decide it."""
        return _column(self, lambda variable: _number(variable.missing["stand_in"]))

    @cached_property
    def below_minimum(self) -> np.ndarray:
        """How far `stand_in` is below the smallest value in the data, float64 [F]; NaN where it is fixed."""
        return _column(self, lambda variable: _margin(variable.missing["stand_in"]))

    @cached_property
    def missing_rules(self) -> MissingRules:
        """What marks an entry as missing."""
        rules = [each.variable.missing for each in self.inputs]
        follows = np.array([rule.get("at_or_below") == "stand_in" for rule in rules])
        written = _column(self, lambda variable: _number(variable.missing.get("at_or_below")))
        return MissingRules(
            at_or_below=np.where(follows, self.stand_in, written),
            at_stand_in=follows & np.isnan(self.stand_in),
            equal=_column(self, lambda variable: _number(variable.missing.get("equal"))),
            counter=np.array(
                [self.index(rule["beyond_count"]) if "beyond_count" in rule else -1 for rule in rules]
            ),
            place=np.array([each.place or 0 for each in self.inputs]),
            wild=np.array([rule.get("wild", False) for rule in rules]),
        )

    @cached_property
    def shift_as_intended(self) -> np.ndarray:
        """The study's factors for coherent shifts as meant, float32 [F]; 0 where there is none."""
        return _column(self, lambda variable: variable.shift or 0.0).astype(np.float32)

    @cached_property
    def shift_as_coded(self) -> np.ndarray:
        """The same as the study's code applied them, float32 [F].

        Its list of a block's factors is repeated once per element; its columns are variable-major with T'
        elements. Column (variable v, element t) therefore got entry (T' v + t) mod V of V.
        """
        coded = self.shift_as_intended.copy()
        if quirk := self.document.get("quirks", {}).get("shift_layout"):
            block = next(block for block in self.blocks if block.name == quirk["block"])
            v, t = np.indices(block.columns.shape)
            coded[block.columns] = coded[block.columns[:, 0]][(quirk["count"] * v + t) % len(block.variables)]
        return coded

    @cached_property
    def uncertainty(self) -> np.ndarray:
        """Standard deviation of the measurement's error, float64 [2, F]: in the unit, and as a share of the
        value; 0 where there is none."""
        absolute = _column(self, lambda variable: variable.uncertainty.absolute)
        return np.stack([absolute, _column(self, lambda variable: variable.uncertainty.relative)])

    @property
    def uncertain(self) -> np.ndarray:
        """Inputs that have an uncertainty and are no counts, bool [F]."""
        return (self.uncertainty > 0).any(axis=0) & ~self.integer

    @cached_property
    def lower(self) -> np.ndarray:
        """Lower end of the physical range, float64 [F]."""
        return _column(self, lambda variable: variable.lower)

    @cached_property
    def upper(self) -> np.ndarray:
        """Upper end of the physical range, float64 [F]."""
        return _column(self, lambda variable: variable.upper)

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """What holds between inputs, beside covariances (see `robustag.features.relations`)."""
        return relations_of(self)

    @cached_property
    def clip(self) -> np.ndarray:
        """Ends to which values beyond them are set when they are read, float64 [2, F]."""
        return np.array([each.variable.clip for each in self.inputs], dtype=np.float64).T

    def index(self, name: str) -> int:
        """Position of one input.

        Raises
        ------
        InputError
            If the table has no input of that name.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise InputError(
                f"feature table '{self.data_set}' has no input '{name}': "
                f"use one of its names, such as {', '.join(self.names[:3])}"
            ) from None

    @classmethod
    def load(cls, path: str | Path) -> "FeatureTable":
        """Read a feature table from YAML.

        Raises
        ------
        InputError
            If the file cannot be read, is not a feature table, or contradicts itself.
        """
        document = read_document(path)
        check_layout(document, path)
        try:
            return cls.from_document(document)
        except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
            raise InputError(
                f"feature table {path} is not laid out as config/features/jet_flavor.yaml: {error!r}"
            ) from error

    @classmethod
    def from_document(cls, document: dict) -> "FeatureTable":
        """Make a table from what YAML or a model's card says (see `config/features/jet_flavor.yaml`).

        Raises
        ------
        InputError
            If it names an input or a block twice, or a role, order, rule, relation or quirk names what is not
            there.
        """
        blocks: list[Block] = []
        for written in document["blocks"]:
            blocks.append(Block.parse(written, sum(block.size for block in blocks)))
        table = cls(document["data_set"], tuple(blocks), document)
        of_blocks = tuple(block.name for block in blocks)
        for kind, names in (("block", of_blocks), ("input", table.names)):
            if repeated := {name for name in names if names.count(name) > 1}:
                raise InputError(
                    f"feature table '{table.data_set}' names the {kind} {min(repeated)} twice: rename one"
                )
        quirk = document.get("quirks", {}).get("shift_layout", {"block": of_blocks[0]})
        if quirk["block"] not in of_blocks:
            raise InputError(
                f"feature table '{table.data_set}': quirks.shift_layout names the block '{quirk['block']}', "
                f"which it lacks: use {', '.join(of_blocks)}"
            )
        if table.missing_rules.counter.max() >= 0:
            for each in table.inputs:
                if each.place is None and "beyond_count" in each.variable.missing:
                    raise InputError(
                        f"feature table '{table.data_set}': '{each.name}' has no place to count, being the "
                        "jet's own: leave its beyond_count out"
                    )
        relations_of(table)
        return table


def check_layout(document: Any, path: str | Path) -> None:
    """Refuse a table of the layout before blocks, saying what to write instead.

    Raises
    ------
    InputError
        If it is one.
    """
    if isinstance(document, dict) and "blocks" not in document and {"jet", "track"} & document.keys():
        raise InputError(
            f"{path} lists variables under jet and track: write blocks: [{{name: jet, variables: [...]}}, "
            "{name: track, count: 6, order_by: {significance_of: D0}, variables: [...]}], as "
            "config/features/jet_flavor.yaml does; its comments explain the keys of a variable"
        )


def _column(table: FeatureTable, value: Any) -> np.ndarray:
    """A number of each input's variable, float64 [F]."""
    return np.array([value(each.variable) for each in table.inputs], dtype=np.float64)


def _number(written: Any) -> float:
    """A number; NaN for what is none."""
    return float(written) if isinstance(written, int | float) else np.nan


def _margin(written: Any) -> float:
    return float(written["below_minimum"]) if isinstance(written, dict) else np.nan

"""Blocks of a feature table: variables of the jet itself, or of each of its tracks, candidates, vertices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from robustag.errors import InputError


class Role(NamedTuple):
    """What an input means: its kind, and the variables of its block that it is about.

    kind: pt, eta, count, or variance, covariance, significance of the variables `of`.
    """

    kind: str
    of: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, written: str | dict | None) -> Self | None:
        """``pt``, ``{variance_of: D0}`` or ``{covariance_of: [Z0, D0]}``, as a table writes it."""
        if written is None or isinstance(written, str):
            return None if written is None else cls(written)
        ((key, of),) = written.items()
        return cls(key.removesuffix("_of"), frozenset([of] if isinstance(of, str) else of))


class Uncertainty(NamedTuple):
    """One standard deviation of what the measurement of a variable may be wrong by.

    absolute: in its unit; relative: as a share of its value. At most one of them is not zero.
    """

    absolute: float = 0.0
    relative: float = 0.0

    @classmethod
    def parse(cls, written: float | dict | None) -> Self:
        """``0.005`` or ``{relative: 0.01}``, as a table writes it."""
        return cls(**written) if isinstance(written, dict) else cls(absolute=written or 0.0)


@dataclass(frozen=True)
class Variable:
    """One variable of a block.

    Attributes
    ----------
    name, label, unit, group : str
        Branch name, what a figure calls it, physical unit ("1" for a pure number), and the kind of input.
    role : Role or None
        What it means, where something depends on it.
    missing : dict
        The rule for missing entries, as the table writes it.
    shift : float or None
        The study's factor for coherent shifts.
    uncertainty : Uncertainty
        Of its measurement; zero where none is known.
    lower, upper : float
        Physical range.
    clip : (float, float)
        Values beyond these are set to them when they are read.
    branch : str
        Where files that have no format of their own keep it, ``{place}`` being the place of an element.
    """

    name: str
    label: str
    unit: str
    group: str
    role: Role | None
    missing: dict
    shift: float | None
    uncertainty: Uncertainty
    lower: float
    upper: float
    clip: tuple[float, float]
    branch: str

    @classmethod
    def parse(cls, written: dict, block: dict) -> Self:
        """A variable as a table writes it in a block, of the block's group unless it names another."""
        low, high = _interval(written.get("range", (None, None)))
        pattern = written.get("branch", block.get("branch", "{variable}"))
        return cls(
            name=written["name"],
            label=written.get("label", written["name"].replace("_", " ")),
            unit=written["unit"],
            group=written.get("group", block["name"]),
            role=Role.parse(written.get("role")),
            missing=written["missing"],
            shift=written.get("shift"),
            uncertainty=Uncertainty.parse(written.get("uncertainty")),
            lower=low,
            upper=high,
            clip=_interval(written.get("clip", (None, None))),
            branch=pattern.replace("{variable}", written["name"]),
        )


def _interval(written: Sequence[float | None]) -> tuple[float, float]:
    """Ends of a closed interval; none is no limit."""
    low, high = written
    return -np.inf if low is None else float(low), np.inf if high is None else float(high)


class Order(NamedTuple):
    """Descending order of the elements of a jet: by a branch, over the root of another if it names one."""

    value: str
    variance: str | None = None


@dataclass(frozen=True)
class Block:
    """V variables of the jet itself, or of each of its first T elements.

    Attributes
    ----------
    name : str
        Of the block: jet, track, ...
    count : int or None
        Number of elements T; None for a block of the jet itself.
    order : Order or None
        In which elements come; None for the order that the format of the ntuple has.
    variables : tuple of Variable
        In the order of the network.
    first : int
        Column of its first input.
    jet_index : str or None
        Branch that says of each element of an event which jet of the event it belongs to; None where the file
        lists elements jet by jet.
    """

    name: str
    count: int | None
    order: Order | None
    variables: tuple[Variable, ...]
    first: int
    jet_index: str | None = None

    @classmethod
    def parse(cls, written: dict, first: int) -> Self:
        """A block as a table writes it, whose inputs begin at column `first`.

        Raises
        ------
        InputError
            If a role or the order is about a variable that the block lacks.
        """
        variables = tuple(Variable.parse(variable, written) for variable in written["variables"])
        names = [variable.name for variable in variables]
        for variable in variables:
            for other in sorted(variable.role.of if variable.role else ()):
                if other not in names:
                    raise InputError(
                        f"block '{written['name']}': the role of '{variable.name}' is about '{other}', which "
                        f"the block lacks: use {', '.join(names)}, or leave the role out"
                    )
        block = cls(written["name"], written.get("count"), None, variables, first, written.get("jet_index"))
        return replace(block, order=block._order(written.get("order_by")))

    @property
    def size(self) -> int:
        """Number of its inputs, V T."""
        return len(self.variables) * (self.count or 1)

    @property
    def columns(self) -> np.ndarray:
        """Columns of its inputs, int64 [V, T], variable-major."""
        return self.first + np.arange(self.size).reshape(len(self.variables), -1)

    def find(self, kind: str, *of: str) -> int | None:
        """Index of the variable in a role; None if there is none."""
        wanted = Role(kind, frozenset(of))
        return next((index for index, each in enumerate(self.variables) if each.role == wanted), None)

    def variances(self) -> Iterator[tuple[int, int]]:
        """Indices of every variable whose variance the block has, and of that variance."""
        for index, variable in enumerate(self.variables):
            if (variance := self.find("variance", variable.name)) is not None:
                yield index, variance

    def _order(self, written: str | dict | None) -> Order | None:
        if written is None or isinstance(written, str):
            return None if written is None else Order(written)
        of = written["significance_of"]
        if "variance" in written:
            return Order(of, written["variance"])
        if (given := self.find("significance", of)) is not None:
            return Order(self.variables[given].name)
        if (variance := self.find("variance", of)) is not None:
            return Order(of, self.variables[variance].name)
        raise InputError(
            f"block '{self.name}' is ordered by the significance of '{of}' and has no variable with the role "
            f"significance_of or variance_of {of}: name the branch of its variance, as in "
            f"order_by: {{significance_of: {of}, variance: BRANCH}}"
        )

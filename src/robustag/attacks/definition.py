"""What a configuration says of an attack, parsed once for every stage of a study."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from importlib import import_module
from typing import Any, Literal, Self

from robustag.attacks.info import AttackInfo
from robustag.errors import InputError
from robustag.registry import choose

#: Norms by the name that configurations use, with what epsilon bounds.
NORMS = {
    "linf": "the move of each input, in units of its feature scale",
    "l2": "the root mean square of a jet's moves over the inputs that may move",
    "l2_group": "the L2 length of the move of the jet's own variables, and of each element's (track's)",
    "mahalanobis": "the root mean square of a jet's moves along the axes of its flavour's covariance, "
    "given the inputs that stay",
    "none": "nothing: it is the width of a distribution, or whatever the attack says",
}
#: Those whose budgets are intervals, in which relations of inputs can be kept.
RELATED_NORMS = ("linf", "none")


@dataclass(frozen=True)
class BudgetSettings:
    """What a configuration says of a budget; see `robustag.attacks.BudgetRule.of`.

    Attributes
    ----------
    norm, factors, relative_cap, physical
        As there.
    frozen : tuple of str
        Inputs, patterns or groups that must stay.
    """

    norm: str = "linf"
    factors: str = "none"
    relative_cap: float | None = None
    physical: bool | Literal["consistent"] = False
    frozen: tuple[str, ...] = ()

    @classmethod
    def of(cls, study: Mapping[str, Any], **own: Any) -> Self:
        """Those of a study (``relative_cap``, ``physical``, ``frozen``), but for what a definition has of its
        own."""
        values = {key: study[key] for key in ("relative_cap", "physical", "frozen")} | own
        return cls(**values | {"frozen": tuple(values["frozen"])})

    @property
    def needs_spread(self) -> bool:
        """Whether it is measured in how training or published inputs scatter (`robustag.attacks.Spread`)."""
        return self.norm == "mahalanobis" or self.factors in ("central", "published")


#: A budget where no study says more.
_ALONE = {"relative_cap": None, "physical": False, "frozen": ()}
_OF_BUDGET = frozenset(field.name for field in fields(BudgetSettings))
_BESIDE = frozenset({"loss", "jets", "source"})
#: Keys that a definition may have beside its name and the options of its function.
SHARED_KEYS = _OF_BUDGET | _BESIDE


@dataclass(frozen=True)
class AttackDefinition:
    """One attack of a study.

    Attributes
    ----------
    info : AttackInfo
        Which attack.
    options : mapping
        Of its function; an attack inside it is an AttackDefinition, and several are a tuple of them.
    budget : BudgetSettings
        What may move, and how far.
    loss : mapping or None
        Loss to attack; None for the model's own.
    jets : int or None
        Test jets that are attacked; None for all.
    source : str or None
        The model that a transferred attack is crafted on.
    """

    info: AttackInfo
    options: Mapping[str, Any]
    budget: BudgetSettings
    loss: Mapping[str, Any] | None = None
    jets: int | None = None
    source: str | None = None

    @classmethod
    def of(
        cls, definition: "Mapping[str, Any] | AttackDefinition", study: Mapping = _ALONE
    ) -> "AttackDefinition":
        """Parse a definition; one that is parsed already stays as it is.

        Parameters
        ----------
        definition : mapping
            ``name`` of the attack and the options of its function; further any of ``norm``, ``factors``,
            ``relative_cap``, ``physical``, ``frozen``, ``loss``, ``jets`` and ``source``.
        study : mapping
            ``relative_cap``, ``physical`` and ``frozen`` where the definition has none of its own.

        Raises
        ------
        InputError
            If the attack is unknown.
        """
        if isinstance(definition, AttackDefinition):
            return definition
        info = _entry(definition)
        own = {key: definition[key] for key in _OF_BUDGET & definition.keys()}
        return cls(
            info=info,
            options=_options(definition, SHARED_KEYS),
            budget=BudgetSettings.of(study, **{"norm": info.norm} | own),
            **{key: definition[key] for key in _BESIDE & definition.keys()},
        )

    @classmethod
    def inside(cls, definition: Mapping[str, Any]) -> Self:
        """Parse a definition whose budget somebody else has, such as the attack that it is part of.

        Whatever it has beside its name is an option.
        """
        info = _entry(definition)
        return cls(info, _options(definition), BudgetSettings(norm=info.norm))

    @property
    def inner(self) -> tuple["AttackDefinition", ...]:
        """The attacks inside it, such as the members of a worst case."""
        each = (value if isinstance(value, tuple) else (value,) for value in self.options.values())
        return tuple(one for values in each for one in values if isinstance(one, AttackDefinition))

    @property
    def infos(self) -> Iterator[AttackInfo]:
        """Every attack that it names, itself first."""
        yield self.info
        for inner in self.inner:
            yield from inner.infos

    @property
    def on_the_model(self) -> bool:
        """Whether it attacks the model that it is shown to, and not nothing or another one."""
        if self.info.kind in ("blind", "transfer"):
            return False
        return any(inner.on_the_model for inner in self.inner) if self.inner else True

    @property
    def one_step(self) -> bool:
        """Whether it takes a single step along the model's gradient."""
        return self.info.kind == "gradient" and not self.inner and not self.info.multi_step

    @property
    def climbs(self) -> bool:
        """Whether it follows the model's gradient uphill for several steps, the shortest way not in mind."""
        if self.info.kind == "transfer" or self.raises == "misread":
            return False
        return any(inner.climbs for inner in self.inner) if self.inner else self.info.multi_step

    @property
    def raises(self) -> str:
        """What it raises: its objective, or "misread" (see `AttackInfo`)."""
        return self.options.get("objective", self.info.raises)

    @property
    def needs_source(self) -> bool:
        """Whether it, or an attack inside it, is crafted on another model."""
        return any(info.kind == "transfer" for info in self.infos)

    @property
    def moves_integers(self) -> bool:
        """Whether it, or an attack inside it, moves counts."""
        return any(info.moves_integers for info in self.infos)

    @property
    def whole_sample(self) -> bool:
        """Whether it, or an attack inside it, needs all jets at once."""
        return any(info.whole_sample for info in self.infos)

    def shares_bound(self, other: "AttackDefinition") -> bool:
        """Whether epsilon bounds the moves of both alike; for Gaussian noise it is the width that counts."""
        return self._bound == other._bound

    def shares_budget(self, other: "AttackDefinition") -> bool:
        """Whether both may go anywhere in the same budget and nowhere else, so that their strengths
        compare."""
        whole = all(info.whole_budget for one in (self, other) for info in one.infos)
        return whole and self.shares_bound(other)

    @property
    def _bound(self) -> BudgetSettings:
        return replace(self.budget, norm="linf") if self.budget.norm == "none" else self.budget


def _entry(definition: Any) -> AttackInfo:
    if not isinstance(definition, Mapping):
        raise InputError(
            f"{definition!r} is no definition of an attack: give its name and options, {{name: ...}}"
        )
    # Imported by name: a job depends on the entries that it names, whose fingerprint its rule carries, and
    # not on the whole catalogue.
    catalogue = import_module("robustag.attacks.catalogue").ATTACKS
    return choose(catalogue, definition.get("name", ""), "attack")


def _options(definition: Mapping[str, Any], others: frozenset[str] = frozenset()) -> dict[str, Any]:
    return {key: _parsed(value) for key, value in definition.items() if key != "name" and key not in others}


def _parsed(value: Any) -> Any:
    """An option; mappings, alone or in a list, are attacks."""
    if isinstance(value, Mapping):
        return AttackDefinition.inside(value)
    if isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        return tuple(_parsed(one) for one in value)
    return value

"""What figures take from the configuration, as types: a key that none of them has is an error at once.

Scripts make them of the mappings that the rules give, once; drawings know no configuration.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from robustag.attacks.labels import perturbation_label


@dataclass(frozen=True)
class Pair:
    """A nominal and an adversarial model to compare, by their names in the tables.

    Attributes
    ----------
    label
        What figures call the comparison: the name of its arm.
    nominal, adversarial
        The two models.
    """

    label: str
    nominal: str
    adversarial: str

    @classmethod
    def each(cls, entries: Iterable[Mapping[str, str]]) -> list[Self]:
        """Those of a list in the configuration."""
        return [cls(**entry) for entry in entries]

    def model(self, role: str) -> str:
        """The model in a role, nominal or adversarial."""
        return {"nominal": self.nominal, "adversarial": self.adversarial}[role]


@dataclass(frozen=True)
class Perturbation:
    """An attack, noise or scenario by its name in the tables, and its strength in scaled units."""

    name: str
    epsilon: float

    @property
    def title(self) -> str:
        """What a legend calls it, with its epsilon if it has one."""
        strength = rf", $\varepsilon$ = {self.epsilon:g}" if self.epsilon else ""
        return perturbation_label(self.name) + strength

    @property
    def short(self) -> str:
        """Its name and its strength where a title has no room."""
        return f"{perturbation_label(self.name)} {self.epsilon:g}"


#: Jets as they are.
RAW = Perturbation("raw", 0.0)


@dataclass(frozen=True)
class Mismodelling:
    """A perturbation that figures compare with attacks.

    Attributes
    ----------
    label
        As it is written in figures.
    perturbation, epsilon
        As the tables have them.
    """

    label: str
    perturbation: str
    epsilon: float

    @classmethod
    def each(cls, entries: Iterable[Mapping[str, Any]]) -> list[Self]:
        """Those of a list in the configuration."""
        return [cls(**entry) for entry in entries]

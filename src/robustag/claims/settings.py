"""How claims are tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from robustag.attacks import AttackDefinition
from robustag.attacks.labels import perturbation_label


@dataclass(frozen=True)
class Settings:
    """How claims are tested; every value comes from the configuration.

    Attributes
    ----------
    attack, noise
        Names in the tables of the attack that the claims are tested with, FGSM in the papers, and of the
        random noise beside it.
    attacks
        Definitions of all attacks of the study, by name, with all that they say of their budget.
    epsilon
        Strength at which the claims decide, in scaled units (the paper's is 0.01).
    shown_epsilon
        Strength of the figures, quoted in support.
    mismodellings
        ``label``, ``perturbation``, ``epsilon``, ``source`` and ``kind`` of each (see
        `robustag.claims.mismodelling`).
    working_point
        Mis-tag rate on clean jets of the cuts at which mismodelling is judged.
    efficiency
        Signal efficiency at which mis-tag rates are quoted.
    significance
        What counts as an effect, in standard deviations of a normal distribution, see
        `robustag.evaluation.significance`.
    much_smaller
        Factor by which "much smaller" is tested.
    preserved_within
        Loss of AUC that still counts as preserved performance.
    hidden_jets
        Jets of data, and as many simulated, with which a change that counts as hidden is not seen.
    masked_within
        Share of jets without any gradient that still counts as none.
    matched_within
        Departure of fractions, means and widths of the training sample that still counts as rounding.
    jet_pt
        Name of the input that is the jet's pT; None if the study has none.
    """

    attack: str
    noise: str
    attacks: Mapping[str, Mapping[str, Any]]
    epsilon: float
    shown_epsilon: float
    mismodellings: Sequence[Mapping]
    working_point: float
    efficiency: float
    significance: float
    much_smaller: float
    preserved_within: float
    hidden_jets: int
    masked_within: float
    matched_within: float
    jet_pt: str | None

    @cached_property
    def definitions(self) -> dict[str, AttackDefinition]:
        """The attacks of the study, parsed."""
        return {name: AttackDefinition.of(definition) for name, definition in self.attacks.items()}

    @property
    def attack_label(self) -> str:
        """What reports call the attack."""
        return perturbation_label(self.attack)

    @property
    def epsilons(self) -> tuple[float, ...]:
        """The deciding strength, then the one that supports it."""
        return tuple(dict.fromkeys((self.epsilon, self.shown_epsilon)))

    @cached_property
    def beside_one_step(self) -> list[tuple[str, str]]:
        """Attacks of several steps, each with the one step in the same budget on the same jets."""
        shown = self.definitions[self.attack]
        steps: dict[int | None, str] = {}
        for name, definition in self.definitions.items():
            alike = (definition.info, definition.raises) == (shown.info, shown.raises)
            if alike and definition.shares_budget(shown):
                steps.setdefault(definition.jets, name)
        return [
            (name, steps[definition.jets])
            for name, definition in self.definitions.items()
            if definition.climbs and definition.shares_budget(shown) and definition.jets in steps
        ]

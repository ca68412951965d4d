"""The recipes by name: what each costs and where it comes from, without torch.

A recipe that trains on an attack alone goes by the attack's name and needs nothing but an entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from robustag.attacks.catalogue import ATTACKS
from robustag.attacks.definition import AttackDefinition
from robustag.attacks.info import AttackInfo
from robustag.options import Option, options_of, summary_of
from robustag.registry import choose


@dataclass(frozen=True)
class RecipeInfo:
    """One recipe: a function ``(loss, rule, **options) -> Recipe``, found by its name.

    Attributes
    ----------
    name : str
        As configurations call it.
    module : str
        Of `robustag.training`, in which the function is defined.
    passes : str
        Forward and as many backward passes of a step per jet, in terms of the recipe's options.
    reference : str
        Where it was published.
    label : str
        What figures call it.
    attack : str
        The attack that it trains on; empty if it is none, or the definition's choice.
    builder : str
        Name of its function if that is another one: ``adversarial`` for a recipe whose definition has the
        options of `attack` beside those of the recipe.
    to_weights : str
        How many of the passes lead back to the weights; the others end at the inputs.
    on_features : bool
        Whether it needs a network with a hidden layer.
    on_boxes : bool
        Whether it needs a network whose outputs over a box of inputs can be bounded.
    """

    name: str
    module: str
    passes: str
    reference: str
    label: str
    attack: str = ""
    builder: str = ""
    to_weights: str = "1"
    on_features: bool = False
    on_boxes: bool = False

    @property
    def home(self) -> str:
        """Full name of the module that defines the function."""
        return f"robustag.training.{self.module}"

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself; its module is imported now, and torch with it."""
        return getattr(import_module(self.home), self.builder or self.name)

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of a definition."""
        own = options_of(self.home, self.builder or self.name) or ()
        if not self.builder:
            return own
        return (*ATTACKS[self.attack].options, *(option for option in own if option.name != "attack"))

    def whole(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options of a definition as its function takes them: those of its attack in the attack."""
        if not self.builder:
            return dict(options)
        of_attack = {option.name for option in ATTACKS[self.attack].options}
        attack = {key: value for key, value in options.items() if key in of_attack}
        rest = {key: value for key, value in options.items() if key not in of_attack}
        return {**rest, "attack": {"name": self.attack, **attack}}

    @property
    def summary(self) -> str:
        """First paragraph of the function's or the attack's description."""
        return ATTACKS[self.attack].summary if self.builder else summary_of(self.home, self.name)


def _on_attack(name: str, passes: str) -> RecipeInfo:
    info = ATTACKS[name]
    return RecipeInfo(name, "adversarial", passes, info.reference, info.label, name, "adversarial")


_ENTRIES = (
    RecipeInfo("nominal", "nominal", "1", "-", "nominal"),
    RecipeInfo("noise", "adversarial", "1", "augmentation", ATTACKS["noise"].label, "noise"),
    replace(_on_attack("fgsm", "2"), reference="arXiv:2203.13890"),
    _on_attack("random_start_fgsm", "2"),
    _on_attack("ngm", "2"),
    _on_attack("pgd", "1 + steps (1 + restarts)"),
    RecipeInfo("adversarial", "adversarial", "1 + its attack's", "arXiv:1706.06083", "adversarial"),
    RecipeInfo("free", "free", "replays", "arXiv:1904.12843", "free", to_weights="replays"),
    RecipeInfo("trades", "trades", "3 + steps", "arXiv:1901.08573", "TRADES", to_weights="2"),
    RecipeInfo(
        *("mtl_ibp", "certified", "3 + steps", "arXiv:2305.13991, arXiv:2406.04848", "MTL-IBP"),
        to_weights="3",
        on_boxes=True,
    ),
    RecipeInfo(
        *("sabr", "certified", "2 + steps", "arXiv:2210.04871", "SABR"), to_weights="2", on_boxes=True
    ),
    RecipeInfo("augmented", "varied", "1", "augmentation", "augmented"),
    RecipeInfo("paired", "varied", "2", "arXiv:2403.07066, arXiv:2410.13947", "paired", to_weights="2"),
    RecipeInfo("group_dro", "varied", "1", "arXiv:1911.08731", "group DRO"),
    RecipeInfo(
        *("domain", "domain", "1.5", "arXiv:1409.7495", "domain adaptation"),
        to_weights="1.5",
        on_features=True,
    ),
    RecipeInfo("distilled", "distilled", "1", "arXiv:1503.02531, arXiv:2509.19431", "distilled"),
    RecipeInfo("coherent", "coherent", "2", "this study", "coherent"),
    RecipeInfo(
        *("gradient_penalty", "penalty", "2", "arXiv:1711.09404, arXiv:1802.01421", "gradient penalty"),
    ),
)

RECIPES: dict[str, RecipeInfo] = {info.name: info for info in _ENTRIES}


def attacks_of(recipe: Mapping[str, Any]) -> tuple[AttackInfo, ...]:
    """The attacks that a definition of a recipe names, or whose name it has.

    Raises
    ------
    InputError
        If the recipe or an attack is unknown.
    """
    info = choose(RECIPES, recipe.get("name", ""), "recipe")
    if info.attack:
        return (ATTACKS[info.attack],)
    return tuple(AttackDefinition.of(recipe["attack"]).infos) if "attack" in recipe else ()

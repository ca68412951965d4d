"""The recipes by name: what a model is shown in one step of its training, and the loss it is judged by."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.models import choose, with_options
from robustag.training.adversarial import adversarial, named, noise
from robustag.training.free import free
from robustag.training.penalty import gradient_penalty
from robustag.training.step import Batch, Moment, Recipe
from robustag.training.trades import trades


def nominal(loss: PerJetLoss, rule: BudgetRule) -> Recipe:
    """The jets as they are."""

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        yield loss(model(batch.inputs), batch.label)

    return step


@dataclass(frozen=True)
class RecipeInfo:
    """One recipe.

    Attributes
    ----------
    name : str
        As configurations call it.
    passes : str
        Forward and as many backward passes of a step for each jet, in terms of the recipe's options.
    options : str
        What a definition gives beside the name; in brackets what it may leave out.
    reference : str
        Where it was published.
    summary : str
        What it does, in a sentence.
    build : callable
        ``(loss, rule, **options) -> Recipe``.
    """

    name: str
    passes: str
    options: str
    reference: str
    summary: str
    build: Callable[..., Recipe]


_MIXING = "[share], [warm_up]"
_ATTACKED = f"epsilon, attack_mode, {_MIXING}"

RECIPES: dict[str, RecipeInfo] = {
    info.name: info
    for info in (
        RecipeInfo("nominal", "1", "-", "-", "The jets as they are.", nominal),
        RecipeInfo(
            "noise",
            "1",
            "epsilon",
            "augmentation",
            "Gaussian noise on every jet: the control that attacks have to beat.",
            noise,
        ),
        RecipeInfo(
            "fgsm",
            "2",
            _ATTACKED,
            "arXiv:2203.13890",
            "FGSM with the current weights, the whole batch unless a share is given.",
            named("fgsm"),
        ),
        RecipeInfo(
            "random_start_fgsm",
            "2",
            f"rate, {_ATTACKED}",
            "arXiv:2001.03994",
            "FGSM from a random point of the budget; look at `one_step_share` for catastrophic overfitting.",
            named("random_start_fgsm"),
        ),
        RecipeInfo(
            "ngm",
            "2",
            _ATTACKED,
            "CMS RobustParT, cmssw#41275",
            "A step along the gradient, as long as epsilon in every group of inputs.",
            named("ngm"),
        ),
        RecipeInfo(
            "pgd",
            "1 + steps (1 + restarts)",
            f"steps, rate, restarts, {_ATTACKED}",
            "arXiv:1706.06083",
            "Projected gradient descent.",
            named("pgd"),
        ),
        RecipeInfo(
            "adversarial",
            "1 + its attack's",
            f"attack, {_ATTACKED}",
            "arXiv:1706.06083",
            "Any attack of docs/attacks.md but `transfer`, in any budget.",
            adversarial,
        ),
        RecipeInfo(
            "free",
            "replays",
            "epsilon, replays",
            "arXiv:1904.12843",
            "Every batch replayed; each backward pass moves the weights and a perturbation that persists.",
            free,
        ),
        RecipeInfo(
            "trades",
            "3 + steps",
            "epsilon, beta, steps, rate",
            "arXiv:1901.08573",
            "Clean loss plus beta times the divergence of the attacked from the clean prediction.",
            trades,
        ),
        RecipeInfo(
            "gradient_penalty",
            "2",
            "epsilon",
            "arXiv:1711.09404, arXiv:1802.01421",
            "Clean loss plus epsilon times the L1 length of its input gradient (double backpropagation).",
            gradient_penalty,
        ),
    )
}


def build_recipe(definition: dict, loss: PerJetLoss, rule: BudgetRule) -> Recipe:
    """Recipe that a definition names, e.g. ``{"name": "fgsm", "epsilon": 0.01, "attack_mode": "eval"}``.

    Raises
    ------
    InputError
        If the recipe or an option is unknown or out of range.
    """
    options = {key: value for key, value in definition.items() if key != "name"}
    info = choose(RECIPES, definition.get("name", ""), "recipe")
    return with_options(info.build, options, "recipe", "loss", "rule")(loss, rule)

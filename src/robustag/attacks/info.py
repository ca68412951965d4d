"""What is known of an attack without running it."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from robustag.options import Option, keys_of, options_of, summary_of

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class AttackInfo:
    """One attack: a function ``(problem, **options) -> Spend``, found by its name.

    Attributes
    ----------
    name : str
        As configurations call it.
    module : str
        Of `robustag.attacks`, in which the function is defined.
    norm : str
        Norm it is made for, which a definition may replace by another one (see `robustag.attacks.NORMS`).
    kind : str
        What it knows of the model: nothing ("blind"), its outputs ("search"), its gradients ("gradient"), or
        all of another model and nothing of this one ("transfer").
    forward_passes, backward_passes : str
        Through the model per jet, in terms of the attack's options.
    reference : str
        Where it was published.
    label : str
        What figures call it.
    line : str or tuple
        Its line style in figures.
    multi_step : bool
        Whether it follows each jet's gradient for several steps, so that it has to find more than one step
        does.
    raises : str
        What it raises if no option ``objective`` says so: "loss", another of
        `robustag.attacks.objectives`, or "misread", the number of jets on the wrong side, by moves as short
        as possible.
    whole_budget : bool
        Whether it may go anywhere in the ball of its norm and nowhere else: no counts, nothing that other
        jets decide. Only such attacks compare by their strength. The width of Gaussian noise counts as a
        bound.
    each_epsilon : bool
        Whether its passes are needed for every epsilon; otherwise once for all.
    moves_integers : bool
        Whether it moves counts, by whole units.
    whole_sample : bool
        Whether the jets depend on each other, so that they must not be cut into chunks.
    builder : str
        Name of its function, if that is another one: the attack is that one in another norm.
    """

    name: str
    module: str
    norm: str
    kind: Literal["blind", "search", "gradient", "transfer"]
    forward_passes: str
    backward_passes: str
    reference: str
    label: str
    line: Any = (0, (3, 1.5))
    multi_step: bool = False
    raises: str = "loss"
    whole_budget: bool = True
    each_epsilon: bool = False
    moves_integers: bool = False
    whole_sample: bool = False
    builder: str = ""

    @property
    def home(self) -> str:
        """Full name of the module that defines the function."""
        return f"robustag.attacks.{self.module}"

    @property
    def function(self) -> "Callable[..., Any]":
        """The function itself; its module is imported now, and torch with it."""
        return getattr(import_module(self.home), self.builder or self.name)

    @property
    def needs_gradient(self) -> bool:
        """Whether some model has to give its gradients."""
        return self.kind in ("gradient", "transfer")

    @property
    def directed(self) -> bool:
        """Whether a definition may say what it raises."""
        return self.kind in ("gradient", "search") and self.raises != "misread"

    @property
    def looks_back(self) -> bool:
        """Whether it compares where a jet ends with where it began, and keeps the worse: several steps or
        queries on each jet alone. Attacks of one step are as published."""
        return (self.multi_step or self.kind == "search") and not (self.whole_sample and self.multi_step)

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of a definition: those of the function, and its objective."""
        own = options_of(self.home, self.builder or self.name) or ()
        return (*own, _objective(self.raises)) if self.directed else own

    @property
    def summary(self) -> str:
        """First paragraph of the function's description."""
        if self.builder:
            return f"`{self.builder}` in norm `{self.norm}`."
        return summary_of(self.home, self.name)


def _objective(default: str) -> Option:
    """The option that says what an attack raises."""
    names = ["loss", *keys_of("robustag.attacks.objectives", "OBJECTIVES")]
    meaning = f'What it raises (see below); "{default}" by default.'
    return Option("objective", {"enum": names}, False, meaning, "")

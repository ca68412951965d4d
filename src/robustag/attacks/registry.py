"""The attacks by name, with what they cost and where they come from."""

from collections.abc import Callable
from dataclasses import dataclass

from robustag.attacks.blind import noise, shift
from robustag.attacks.gradient import fgsm
from robustag.attacks.problem import Spend


@dataclass(frozen=True)
class AttackInfo:
    """One attack.

    Attributes
    ----------
    name : str
        As configurations call it.
    norm : str
        "linf" where epsilon bounds each input's move; "none" where it is the width of a distribution without
        bounds, and only the envelope of the budget holds.
    forward_passes, backward_passes : int
        Through the model, for each jet and all epsilons together.
    needs_gradient : bool
        Whether it is a white-box attack.
    reference : str
        Where it was published.
    function : callable
        ``(problem, **options) -> Spend``.
    """

    name: str
    norm: str
    forward_passes: int
    backward_passes: int
    needs_gradient: bool
    reference: str
    function: Callable[..., Spend]


ATTACKS: dict[str, AttackInfo] = {
    info.name: info
    for info in (
        AttackInfo("noise", "none", 0, 0, False, "arXiv:2203.13890", noise),
        AttackInfo("shift", "linf", 0, 0, False, "arXiv:2203.13890", shift),
        AttackInfo("fgsm", "linf", 1, 1, True, "arXiv:1412.6572", fgsm),
    )
}

"""The attacks by name, with what they cost and where they come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from robustag.attacks.blind import noise, shift, uniform
from robustag.attacks.composite import transfer, worst_case
from robustag.attacks.counts import pip, pip_pgd
from robustag.attacks.covariant import mahalanobis_gradient, mahalanobis_pgd
from robustag.attacks.gradient import fgsm, ngm, random_start_fgsm, universal_shift
from robustag.attacks.iterated import apgd, momentum_pgd, pgd
from robustag.attacks.minimal import carlini_wagner, deepfool
from robustag.attacks.options import check_numbers
from robustag.attacks.problem import Problem, Spend
from robustag.attacks.sample import conserving_pgd, rdsa
from robustag.attacks.search import random_search
from robustag.errors import InputError
from robustag.models import choose, with_options


@dataclass(frozen=True)
class AttackInfo:
    """One attack.

    Attributes
    ----------
    name : str
        As configurations call it.
    norm : str
        Norm it is made for, which a definition may replace by another one (see `robustag.attacks.NORMS`).
    forward_passes, backward_passes : str
        Through the model for each jet, in terms of the attack's options.
    each_epsilon : bool
        Whether these passes are needed for every epsilon; otherwise once for all.
    needs_gradient : bool
        Whether it is a white-box attack.
    moves_integers : bool
        Whether it moves counts, by whole units.
    reference : str
        Where it was published.
    function : callable
        ``(problem, **options) -> Spend``.
    whole_sample : bool
        Whether the jets depend on each other, so that they must not be cut into chunks.
    """

    name: str
    norm: str
    forward_passes: str
    backward_passes: str
    each_epsilon: bool
    needs_gradient: bool
    moves_integers: bool
    reference: str
    function: Callable[..., Spend]
    whole_sample: bool = False

    @property
    def summary(self) -> str:
        """First sentence of the function's description."""
        return (self.function.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")


def _entry(
    function: Callable[..., Spend],
    norm: str,
    forward: str,
    backward: str,
    reference: str,
    *,
    each_epsilon: bool = False,
    gradient: bool = True,
    integers: bool = False,
    whole_sample: bool = False,
) -> AttackInfo:
    return AttackInfo(
        function.__name__,
        norm,
        forward,
        backward,
        each_epsilon,
        gradient,
        integers,
        reference,
        function,
        whole_sample,
    )


_RUNS = "steps (1 + restarts)"
_KEPT = "steps (1 + restarts); 1 + restarts more if restarted"
_LINES = (
    _entry(noise, "none", "0", "0", "arXiv:2203.13890", gradient=False),
    _entry(uniform, "linf", "0", "0", "arXiv:1412.6572", gradient=False),
    _entry(shift, "linf", "0", "0", "arXiv:2203.13890", gradient=False),
    _entry(
        universal_shift, "linf", "steps", "steps", "arXiv:1610.08401", each_epsilon=True, whole_sample=True
    ),
    _entry(fgsm, "linf", "1", "1", "arXiv:1412.6572"),
    _entry(random_start_fgsm, "linf", "1", "1", "arXiv:2001.03994", each_epsilon=True),
    _entry(ngm, "l2_group", "1", "1", "CMS RobustParT, cmssw#41275"),
    _entry(pgd, "linf", _KEPT, _RUNS, "arXiv:1706.06083", each_epsilon=True),
    _entry(momentum_pgd, "linf", _KEPT, _RUNS, "arXiv:1710.06081", each_epsilon=True),
    _entry(apgd, "linf", "steps", "steps", "arXiv:2003.01690", each_epsilon=True),
    _entry(mahalanobis_gradient, "mahalanobis", "1", "1", "steepest ascent"),
    _entry(mahalanobis_pgd, "mahalanobis", _KEPT, _RUNS, "arXiv:1706.06083", each_epsilon=True),
    _entry(deepfool, "linf", "steps", "2 steps", "arXiv:1511.04599"),
    _entry(carlini_wagner, "l2", "searches steps", "searches steps", "arXiv:1608.04644"),
    _entry(random_search, "linf", "queries", "0", "arXiv:1912.00049", each_epsilon=True, gradient=False),
    _entry(pip, "none", "steps", "steps", "Waltzko, thesis on DeepJet", integers=True),
    _entry(pip_pgd, "linf", "steps", "steps", "Waltzko, thesis on DeepJet", each_epsilon=True, integers=True),
    _entry(
        rdsa,
        "none",
        "1 + attempts",
        "0",
        "arXiv:2501.05588",
        each_epsilon=True,
        gradient=False,
        whole_sample=True,
    ),
    _entry(
        conserving_pgd, "linf", "steps", "steps", "arXiv:2603.13970", each_epsilon=True, whole_sample=True
    ),
    _entry(transfer, "linf", "its attack's", "its attack's", "arXiv:1605.07277", each_epsilon=True),
    _entry(
        worst_case,
        "linf",
        "its members' + 1 + members",
        "its members'",
        "arXiv:2003.01690",
        each_epsilon=True,
    ),
)

ATTACKS: dict[str, AttackInfo] = {info.name: info for info in _LINES}


def build_attack(definition: dict) -> tuple[AttackInfo, Callable[[Problem], Spend]]:
    """The attack that a definition names, its options filled in.

    Raises
    ------
    InputError
        If it is no definition, the attack or an option is unknown, or an option is missing or out of range.
    """
    if not isinstance(definition, Mapping):
        raise InputError(
            f"{definition!r} is no definition of an attack: give its name and options, {{name: ...}}"
        )
    info = choose(ATTACKS, definition.get("name", ""), "attack")
    options = {key: value for key, value in definition.items() if key != "name"}
    build = with_options(info.function, options, "attack", "problem")
    check_numbers(info.name, options)
    return info, build

"""Learning rates that change from epoch to epoch."""

import math
from collections.abc import Callable

from robustag.registry import choose, options_in, with_options


def constant(epoch: int, total: int) -> float:
    """1, always."""
    return 1.0


def inverse(epoch: int, total: int, *, epochs: float) -> float:
    """``1 / (1 + epoch / epochs)`` (arXiv:2203.13890 with epochs = 30)."""
    return 1.0 / (1.0 + epoch / epochs)


def cosine(epoch: int, total: int) -> float:
    """Half a cosine from 1 in the first epoch towards 0 after the last (arXiv:1608.03983, no restarts)."""
    return 0.5 * (1.0 + math.cos(math.pi * epoch / total))


#: ``(epoch from 0, total epochs, **options) -> factor`` by the name that configurations use.
DECAYS: dict[str, Callable[..., float]] = {"constant": constant, "cosine": cosine, "inverse": inverse}


def learning_rate(optimiser: dict, epoch: int) -> float:
    """Learning rate of one epoch, counted from 0.

    Parameters
    ----------
    optimiser : dict
        With ``learning_rate`` (of the first epoch), ``decay`` (``name`` of an entry of `DECAYS`, and its
        options) and ``epochs`` (of the whole training).

    Raises
    ------
    InputError
        If the decay or an option is unknown.

    Examples
    --------
    >>> learning_rate({"learning_rate": 1e-4, "decay": {"name": "inverse", "epochs": 30}, "epochs": 90}, 30)
    5e-05
    """
    decay = optimiser["decay"]
    function = choose(DECAYS, decay.get("name", ""), "learning-rate decay")
    factor = with_options(function, options_in(decay), "learning-rate decay", "epoch", "total")
    return optimiser["learning_rate"] * factor(epoch, optimiser["epochs"])

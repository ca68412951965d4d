"""In-event weights of Pythia: how likely an event would be with other settings of shower or fragmentation.

The same collisions so stand for another generator, without the statistical noise of collisions of their own
(shower: Mrenna and Skands, arXiv:1605.08352; fragmentation: Bierlich et al., arXiv:2308.13459).
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from robustag.errors import InputError

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)"
_BRANCHING = r"(G2GG|Q2QG|G2QQ|X2XG)"


class _Kind(NamedTuple):
    """How Pythia is asked for weights: settings, the setting that lists them, what a keyword looks like."""

    settings: tuple[str, ...]
    list: str
    keyword: str
    example: str


_KINDS = {
    # Branchings of the final state below sqrt(20) x 0.5 GeV = 2.2 GeV keep their probability, as CMS has it:
    # there the tune, not the scale, says what it is, and weights would scatter too much to be of use.
    "shower": _Kind(
        ("UncertaintyBands:doVariations = on", "UncertaintyBands:FSRpTmin2Fac = 20.0"),
        "UncertaintyBands:List",
        rf"(fsr|isr):({_BRANCHING}:)?(muRfac|cNS)={_NUMBER}",
        "fsr:muRfac=1.414",
    ),
    # Without head room some values of z are tried too seldom, and a larger rFactB changes the momentum of
    # b hadrons by a seventh of what it should.
    "fragmentation": _Kind(
        ("VariationFrag:zHead = 2.0",),
        "VariationFrag:List",
        rf"frag:(aLund|bLund|rFactC|rFactB|ptSigma|xi|rho|x|y)={_NUMBER}",
        "frag:rFactB=0.95",
    ),
}
# An event's weight is a product over its branchings; other showers than Pythia's own give none.
MODEL = "PartonShowers:model"


def labels(weights: Sequence[str] | Mapping[str, object]) -> dict[str, str]:
    """What each weight is called inside Pythia, which writes all names in lower case."""
    return {name: f"weight{position}" for position, name in enumerate(weights)}


def weight_settings(weights: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """The settings of Pythia that ask for weights.

    Parameters
    ----------
    weights : mapping of str to mapping
        Name to what is varied: ``shower`` or ``fragmentation``, with keywords of Pythia's
        ``UncertaintyBands:List`` or ``VariationFrag:List`` such as ``fsr:muRfac=1.414``, separated by blanks
        if several are varied together.

    Raises
    ------
    InputError
        For another kind, and for a keyword or value that Pythia would pass over without a word.
    """
    lists: dict[str, list[str]] = {}
    for (name, definition), label in zip(weights.items(), labels(weights).values(), strict=True):
        if len(definition) != 1 or (called := next(iter(definition))) not in _KINDS:
            raise InputError(f"weights of '{name}': give one of {' or '.join(_KINDS)}")
        kind, words = _KINDS[called], definition[called].split()
        strange = [word for word in words if not re.fullmatch(kind.keyword, word)]
        if strange or not words:
            raise InputError(
                f"weights of '{name}': {called} says '{' '.join(strange)}', which Pythia does not know: "
                f"give keywords of {kind.list} with a number, as {kind.example}"
            )
        lists.setdefault(called, []).append(" ".join([label, *words]))
    return tuple(
        setting
        for called, groups in lists.items()
        for setting in (*_KINDS[called].settings, f"{_KINDS[called].list} = {{{', '.join(groups)}}}")
    )


class WeightSums:
    """Sums over events that say how much their relative weights scatter."""

    def __init__(self) -> None:
        self._events, self._sum, self._squares = 0, 0.0, 0.0

    def add(self, weights: np.ndarray) -> None:
        """Count some events, by their weights [E]."""
        self._events += len(weights)
        self._sum += float(weights.sum())
        self._squares += float(np.square(weights).sum())

    def summary(self) -> dict[str, float]:
        """``mean``, which is 1 but for chance, and ``effective``: as good as so large a share of the events.

        That is (sum of w)^2 / (n sum of w^2), as `robustag.binomial.effective_number`.
        """
        return {
            "mean": self._sum / self._events,
            "effective": self._sum**2 / (self._events * self._squares),
        }

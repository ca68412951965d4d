"""Tagger outputs made from logits: class probabilities and the four pairwise discriminators."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from robustag.classes import CLASSES, DISCRIMINATED
from robustag.errors import InputError


@dataclass(frozen=True)
class Discriminator:
    """`signal` against `background` (class numbers), defined on jets of these two flavours only."""

    name: str
    signal: int
    background: int


DISCRIMINATORS = tuple(Discriminator(name, *flavours) for name, flavours in DISCRIMINATED.items())


def log_odds(logits: np.ndarray, discriminator: Discriminator) -> np.ndarray:
    """ln(P_s / P_b) = z_s - z_b of every jet, float64 [N], exact for float32 logits [N, 3].

    It orders jets as the discriminator P_s / (P_s + P_b) does, but never saturates: two jets tie only
    if their logit differences are equal, while the discriminator itself rounds to 1 above 37.
    """
    return logits[:, discriminator.signal].astype(np.float64) - logits[:, discriminator.background]


def discriminant(logits: np.ndarray, discriminator: Discriminator) -> np.ndarray:
    """P_s / (P_s + P_b) in [0, 1], float64 [N].

    The common softmax denominator cancels, so this is the logistic function of `log_odds`: there is no
    0/0 for a jet whose two probabilities both underflow.
    """
    odds = log_odds(logits, discriminator)
    decay = np.exp(-np.abs(odds))
    return np.where(odds >= 0, 1.0, decay) / (1.0 + decay)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax of logits [N, 3] in float64: P(b), P(c), P(light)."""
    # Class by class: sums over rows of three are slow.
    classes = logits.T.astype(np.float64, order="C")
    exponential = np.exp(classes - classes.max(axis=0))
    return (exponential / exponential.sum(axis=0)).T


def outputs(
    logits: np.ndarray, label: np.ndarray
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Everything that is ranked: the discriminators on their two flavours, then each class against the rest.

    Yields
    ------
    name : str
        Of the discriminator or the class.
    score : float64 [N]
        `log_odds`; the softmax output of a class itself, in which confident jets may tie.
    signal, background : int [S], [B]
        Positions of the jets.
    """
    jets = [np.flatnonzero(label == flavour) for flavour in range(len(CLASSES))]
    for discriminator in DISCRIMINATORS:
        signal, background = jets[discriminator.signal], jets[discriminator.background]
        yield discriminator.name, log_odds(logits, discriminator), signal, background
    for flavour, score in enumerate(probabilities(logits).T):
        yield CLASSES[flavour], score, jets[flavour], np.flatnonzero(label != flavour)


def check_rankable(logits: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> None:
    """Refuse what cannot be ranked.

    Raises
    ------
    InputError
        If logits are not [N, 3] with N labels, are not finite (names the first jet and class), or one of
        the three flavours has no jet, or weights [N] that do not add up to more than zero.
    """
    if logits.ndim != 2 or logits.shape[1] != len(CLASSES) or label.shape != logits.shape[:1]:
        raise InputError(
            f"logits have shape {logits.shape}, labels {label.shape}: expected [N, {len(CLASSES)}] and [N]"
        )
    finite = np.isfinite(logits)
    if not finite.all():
        jet, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{(~finite).sum()} of {finite.size} logits are not finite, first {logits[jet, column]} for "
            f"class {CLASSES[column]} of jet {jet}: the training diverged or an input is not finite"
        )
    for flavour, name in enumerate(CLASSES):
        if not np.any(label == flavour):
            raise InputError(f"none of the {len(label)} jets is of flavour {name}: use a sample with some")
        if weight is not None and not (total := weight[label == flavour].sum(dtype=np.float64)) > 0:
            raise InputError(
                f"the weights of {name} jets add up to {total:g}: use a sample with more of them"
            )

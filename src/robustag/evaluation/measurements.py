"""The numbers of the collected metrics table, each found by its name."""

from typing import NotRequired, TypedDict, Unpack

import numpy as np
import pandas as pd

from robustag.errors import InputError
from robustag.evaluation.differences import Measurement

# What names a number.
_NAME = ("model", "perturbation", "epsilon", "discriminator", "metric", "working_point")
_BETTER_WHEN_LOW = {"mistag_at_efficiency", "ece", "loss", "cross_entropy"}
# Rates at cuts that were fixed on clean jets: whatever they do, a calibration has to undo it.
_BETTER_UNCHANGED = {"fixed_cut_efficiency", "fixed_cut_mistag"}


class Comparison(TypedDict):
    """What names the numbers that are compared, beside model, metric and epsilon."""

    perturbation: str
    discriminator: str
    working_point: NotRequired[float]


class Measurements:
    """A metrics table, sorted once so that each of its numbers is found in microseconds.

    Parameters
    ----------
    metrics : DataFrame
        The collected table, columns model and seed, and those of `Assessment`.
    """

    def __init__(self, metrics: pd.DataFrame) -> None:
        # One integer per name, whose digits are the columns.
        name = np.zeros(len(metrics), dtype=np.int64)
        self._digits: list[dict[str, int]] = []
        for column in _NAME:
            places, values = pd.factorize(metrics[column], use_na_sentinel=False)
            digits: dict[str, int] = {}
            digit = [digits.setdefault(_text(value), len(digits)) for value in values]
            name = name * len(digits) + np.array(digit, dtype=np.int64)[places]
            self._digits.append(digits)
        seeds = metrics["seed"].to_numpy(dtype=np.int64)
        order = np.lexsort((seeds, name))
        self._names, self._seeds = name[order], seeds[order]
        self._values = metrics["value"].to_numpy(dtype=np.float64)[order]
        self._replicates = metrics["replicates"].to_numpy()[order]

    def measurement(
        self,
        *,
        model: str,
        perturbation: str,
        epsilon: float,
        discriminator: str,
        metric: str,
        working_point: float = float("nan"),
    ) -> Measurement:
        """One number with its errors; epsilon and working point to nine digits.

        Raises
        ------
        InputError
            If the table has no such row, or has one twice for a seed.
        """
        values = (model, perturbation, epsilon, discriminator, metric, working_point)
        rows = self._rows(values)
        seeds = tuple(self._seeds[rows].tolist())
        if len(set(seeds)) == len(seeds) > 0:
            replicates = np.stack(self._replicates[rows].tolist()).astype(np.float64)
            return Measurement(seeds, self._values[rows], replicates)
        name = ", ".join(f"{column} {value}" for column, value in zip(_NAME, values, strict=True))
        if seeds:
            raise InputError(f"the metrics table has more than one row per seed with {name}")
        raise InputError(f"the metrics table has no row with {name}: add it to the study's selection")

    def _rows(self, values: tuple[str | float, ...]) -> slice:
        name = 0
        for digits, value in zip(self._digits, values, strict=True):
            digit = digits.get(_text(value))
            if digit is None:
                return slice(0)
            name = name * len(digits) + digit
        first, last = np.searchsorted(self._names, (name, name + 1))
        return slice(first, last)

    def harm(self, *, model: str, metric: str, epsilon: float, **wanted: Unpack[Comparison]) -> Measurement:
        """What a perturbation does to a number of one model: positive if it makes it worse.

        Raw minus changed jets for what should be high (areas, efficiencies at a mis-tag rate, accuracy),
        changed minus raw for what should be low (mis-tag rates at an efficiency, losses, calibration error).
        Rates at a cut that was fixed on clean jets should stay: their harm is the size of their relative
        change, whatever its sign, which is the departure of a scale factor from one. Parameters and errors as
        `measurement`.
        """
        if metric in _BETTER_UNCHANGED:
            return self.relative_change(model=model, metric=metric, epsilon=epsilon, **wanted).magnitude
        raw, changed = self._raw_and_changed(model=model, metric=metric, epsilon=epsilon, **wanted)
        return changed - raw if metric in _BETTER_WHEN_LOW else raw - changed

    def relative_change(
        self, *, model: str, metric: str, epsilon: float, **wanted: Unpack[Comparison]
    ) -> Measurement:
        """Changed minus raw over raw, NaN for a raw number of zero; otherwise as `measurement`."""
        raw, changed = self._raw_and_changed(model=model, metric=metric, epsilon=epsilon, **wanted)
        return (changed - raw) / raw

    def _raw_and_changed(
        self, *, model: str, metric: str, epsilon: float, **wanted: Unpack[Comparison]
    ) -> tuple[Measurement, Measurement]:
        raw, changed = (
            self.measurement(model=model, metric=metric, epsilon=strength, **wanted)
            for strength in (0.0, epsilon)
        )
        return raw, changed

    def robustness_gain(
        self, *, reference: str, model: str, metric: str, epsilon: float, **wanted: Unpack[Comparison]
    ) -> Measurement:
        """Harm to a reference model minus harm to another one: positive if the other is more robust.

        The one way in which two models are compared under a perturbation: four rows, paired event by event
        through the bootstrap and training by training through the seeds. Parameters otherwise as `harm`.
        """
        before, after = (
            self.harm(model=name, metric=metric, epsilon=epsilon, **wanted) for name in (reference, model)
        )
        return before - after


def _text(value: str | float) -> str:
    """Equal for numbers that agree in nine digits; zero has no sign."""
    return value if isinstance(value, str) else f"{value + 0.0:.9g}"

"""A file of the public data set, or of a part of it, beside what is known of the whole."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from robustag.classes import CLASSES
from robustag.features import FeatureTable
from robustag.features.published import read_moments
from robustag.readers import JetRecords
from robustag.validation.inputs import mix
from robustag.validation.moments import POWERS, moments, power_sums
from robustag.validation.published import (
    PUBLISHED_ETA,
    PUBLISHED_FRACTIONS,
    PUBLISHED_JETS,
    PUBLISHED_PT,
    PUBLISHED_SHARE,
    PUBLISHED_TRACKS,
)

FORMAT = "jet_flavor"
# Statistical errors by which a mean or width of the whole may differ from the published part of it: of 368
# numbers, the furthest is beyond it once in five thousand times.
_ERRORS = 5.0
# Published widths by which the mean of a part may differ: it has another mixture of events.
_WIDTHS = 0.5
# Of the six digits of the data set's numbers.
_ROUNDING = 1e-5


class DataSetComparison:
    """Collects jets piece by piece, and says how they compare.

    Parameters
    ----------
    table : FeatureTable
        Of the inputs; those that have published moments are compared.
    published : path, optional
        Table of these moments.
    """

    def __init__(self, table: FeatureTable, published: str | Path | None) -> None:
        known = read_moments(published) if published else {}
        self._names = [name for name in table.names if name in known]
        self._columns = [table.index(name) for name in self._names]
        self._mean, self._sigma, stand_in = np.array([known[name] for name in self._names]).reshape(-1, 3).T
        # Just below the smallest value of the data set, where the papers chose what is missing so.
        self._published_minimum = stand_in + table.below_minimum[self._columns]
        self._counts = np.zeros(len(CLASSES), np.int64)
        self._pt, self._eta, self._tracks = np.array([np.inf, -np.inf]), 0.0, 0
        self._minimum = np.full(len(self._names), np.inf)
        self._sums = np.zeros((len(CLASSES), 2, POWERS, 1 + len(self._names)))

    def add(self, jets: JetRecords) -> None:
        """Count some more jets; they are described with n_tracks."""
        self._counts += np.bincount(jets.label, minlength=len(CLASSES))
        self._pt = np.array([min(self._pt[0], jets.pt.min()), max(self._pt[1], jets.pt.max())])
        self._eta = max(self._eta, float(np.abs(jets.eta).max()))
        self._tracks = max(self._tracks, int(jets.described["n_tracks"].max()))
        values = jets.values[:, self._columns].astype(np.float64)
        self._minimum = np.fmin(self._minimum, np.fmin.reduce(values, axis=0, initial=np.inf))
        # One more column that exists for every jet.
        scaled = np.insert((values - self._mean) / self._sigma, 0, 0.0, axis=1)
        for label, sums in enumerate(self._sums):
            rows = scaled[jets.label == label]
            sums += power_sums(rows, np.ones(len(rows)), np.isfinite(rows))

    def findings(self) -> Iterator[str]:
        """One line per comparison that makes sense for as much of the data set as there was."""
        published = list(PUBLISHED_JETS.values())
        whole = self._counts.sum() == sum(published)
        if whole:
            same = self._counts.tolist() == published
            yield f"as many jets as in the published data set: flavours {_verdict(same)} ones"
        else:
            share = self._counts.sum() / sum(published)
            yield (
                f"a part of the published data set, {share:.3%} of its {sum(published)} jets: it is not "
                "shuffled, so that flavours are not compared"
            )
            if (more := self._counts > published).any():
                flavour = int(np.argmax(more))
                yield (
                    f"more {CLASSES[flavour]} jets than the published {published[flavour]}: another data set"
                )
        yield from self._kinematics(whole)
        if self._names:
            yield self._minima(whole)
            yield self._means_of_all() if whole else self._means_of_part()

    def _kinematics(self, whole: bool) -> Iterator[str]:
        low, high = PUBLISHED_PT
        slack = np.array([low, high]) * _ROUNDING
        inside = self._pt[0] >= low - slack[0] and self._pt[1] <= high + slack[1]
        if whole:
            inside = bool((np.abs(self._pt - PUBLISHED_PT) <= slack).all())
        yield (
            f"pt from {self._pt[0]:.6g} to {self._pt[1]:.6g} GeV: {_verdict(inside, whole)} "
            f"{low:g} to {high:g} GeV"
        )
        inside = self._eta <= PUBLISHED_ETA * (1 + _ROUNDING)
        yield f"abs(eta) up to {self._eta:.6g}: {_verdict(inside)} limit of {PUBLISHED_ETA:g}"
        inside = self._tracks == PUBLISHED_TRACKS if whole else self._tracks <= PUBLISHED_TRACKS
        yield f"up to {self._tracks} tracks per jet: {_verdict(inside, whole)} {PUBLISHED_TRACKS}"

    def _minima(self, whole: bool) -> str:
        known = np.flatnonzero(np.isfinite(self._published_minimum))
        found, published = self._minimum[known], self._published_minimum[known]
        slack = _ROUNDING * np.abs(published)
        wrong = found < published - slack
        if whole:
            wrong |= ~(found <= published + slack)
        if not wrong.any():
            return f"smallest values of {len(known)} inputs: {_verdict(True, whole)} ones"
        first = int(np.argmax(wrong))
        return (
            f"smallest values of {wrong.sum()} of {len(known)} inputs: {_verdict(False, whole)} ones, "
            f"{self._names[known[first]]} with {found[first]:.6g} instead of {published[first]:.6g}"
        )

    def _means_of_all(self) -> str:
        measured = moments(self._sums.sum(axis=0)[:, :, 1:])
        # Of the difference of a sample and a part of it.
        scale = np.sqrt(1.0 / PUBLISHED_SHARE - 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            pulls = np.stack(
                [measured.mean / measured.mean_error, (measured.sigma - 1.0) / measured.sigma_error]
            )
        pulls = np.nan_to_num(np.abs(pulls).max(axis=0) / scale, nan=np.inf)
        furthest = int(np.argmax(pulls))
        beyond = int((pulls > _ERRORS).sum())
        return (
            f"means and widths of {len(pulls)} inputs: "
            + (f"{beyond} differ from the published ones" if beyond else f"{_verdict(True)} ones")
            + f", {self._names[furthest]} most, by {pulls[furthest]:.1f} statistical errors"
        )

    def _means_of_part(self) -> str:
        if not (self._counts > 0).all():
            return "means and widths: not compared, for which all three flavours are needed"
        sums = dict(zip(CLASSES, self._sums, strict=True))
        shift = np.abs(moments(mix(sums, PUBLISHED_FRACTIONS)[:, :, 1:]).mean)
        shift = np.nan_to_num(shift, nan=0.0)
        furthest, beyond = int(np.argmax(shift)), int((shift > _WIDTHS).sum())
        return (
            f"means of {len(shift)} inputs, flavours mixed as in the whole: "
            + (f"{beyond} differ from" if beyond else "all are near")
            + f" the published ones, {self._names[furthest]} most, by {shift[furthest]:.2f} of its width"
        )


def _verdict(good: bool, whole: bool = True) -> str:
    """How something compares with the published."""
    if good:
        return "as the published" if whole else "within the published"
    return "not as the published" if whole else "beyond the published"

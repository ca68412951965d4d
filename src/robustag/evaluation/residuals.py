"""Calibrate, then ask again: what is left of a mistake when rates are corrected by another mistake's factors.

An experiment corrects the rates of a tagger from data. Data are here one perturbation, whose scale factors,
the rate over that of the nominal simulation, are applied while another perturbation is true. What is left is
the difference of the two scale factors. Everything is for one standard deviation of each source, as in
`robustag.evaluation.scale_factors`, and squares have no noise, as there.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from robustag.evaluation.scale_factors import (
    BIN,
    LARGER,
    RATE,
    SMALLER,
    Uncertainty,
    changes_in_bins,
    changes_of_rates,
    in_deviations,
    of_rates,
    resolved_sources,
    shown_rates,
    uncertainty_difference,
)
from robustag.evaluation.significance import answer, holm, level
from robustag.mismodelling.sources import Source

#: Where scale factors come from: the very perturbation, another one of its source, one of another source.
ITSELF, ALIKE_SOURCE, OTHER_SOURCE = "itself", "the same source", "another source"
#: In which bins they are made: none, or those in which they are judged.
WHOLE, BINNED = "all pT", "bins of pT"


_COLUMNS = [
    *("model", *RATE, "flavour", "derived", "pairs", "nominal_before", "trained_before"),
    *(
        "nominal",
        "nominal_error",
        "trained",
        "trained_error",
        "difference",
        "difference_error",
        "p",
        "answer",
    ),
]


def calibrations(
    perturbations: Sequence[str], sources: Mapping[str, Source], derived: str
) -> list[tuple[str, str]]:
    """Pairs of perturbations, one that plays data in the calibration and one that is true afterwards.

    Parameters
    ----------
    perturbations : sequence of str
    sources : mapping of str to Source
    derived : str
        `ITSELF`, `ALIKE_SOURCE` or `OTHER_SOURCE`.
    """
    if derived == ITSELF:
        return [(name, name) for name in perturbations]
    alike = derived == ALIKE_SOURCE
    return [
        (data, truth)
        for data, truth in product(perturbations, repeat=2)
        if data != truth and (sources[data].name == sources[truth].name) == alike
    ]


def residuals(
    metrics: pd.DataFrame,
    uncertainties: pd.DataFrame,
    nominal: str,
    models: Sequence[str],
    discriminators: Sequence[str],
    sources: Mapping[str, Source],
    significance: float,
) -> pd.DataFrame:
    """Relative bias of rates over all pT after a calibration, beside that of the nominal model.

    Parameters
    ----------
    metrics, nominal, models, discriminators, sources, significance
        As of `robustag.evaluation.frontier.uncertainties`.
    uncertainties : DataFrame
        From there. The perturbations are those of the sources that it calls resolved.

    Returns
    -------
    DataFrame
        Columns model, those of `RATE`, flavour; ``derived``: which pairs of perturbations, `ALIKE_SOURCE` or
        `OTHER_SOURCE`, and ``pairs``, how many; ``nominal_before`` and ``trained_before``, root mean square
        bias over these pairs without calibration; ``nominal`` and ``trained``, with it, and ``difference``,
        nominal minus trained, each with its error, paired over events and trainings; ``p`` of the difference,
        corrected for the number of rates and models at one working point and of one kind of pairs (Holm), and
        ``answer``, `SMALLER` or `LARGER`.
    """
    table = []
    rates = shown_rates(discriminators)
    for rate, changes in changes_of_rates(
        metrics, [nominal, *models], rates, sources, resolved_sources(uncertainties)
    ):
        own = {
            model: {name: in_deviations(change, sources[name]) for name, change in of_model.items()}
            for model, of_model in changes.items()
        }
        for derived in (ALIKE_SOURCE, OTHER_SOURCE):
            pairs = calibrations(list(own[nominal]), sources, derived)
            before = {m: Uncertainty.of({derived: [c[b] for _, b in pairs]}) for m, c in own.items()}
            after = {m: Uncertainty.of({derived: [c[b] - c[a] for a, b in pairs]}) for m, c in own.items()}
            table += [
                {
                    **{"model": model, **rate, "derived": derived, "pairs": len(pairs)},
                    **{"nominal_before": before[nominal].value, "trained_before": before[model].value},
                    **uncertainty_difference(1.0, after[nominal], after[model]),
                }
                for model in (models if pairs else ())
            ]
    renamed = {"adversarial": "trained", "adversarial_error": "trained_error"}
    found = pd.DataFrame(table).rename(columns=renamed).reindex(columns=_COLUMNS)
    found["p"] = found.groupby(["working_point", "derived"], sort=False)["p"].transform(holm)
    found["answer"] = [
        answer(difference, p, level(significance), SMALLER, LARGER)
        for difference, p in found[["difference", "p"]].to_numpy()
    ]
    return found


def residuals_in_bins(
    bins: pd.DataFrame,
    uncertainties: pd.DataFrame,
    models: Sequence[str],
    discriminators: Sequence[str],
    sources: Mapping[str, Source],
) -> pd.DataFrame:
    """Relative bias of rates in bins of pT after a calibration: is it good for jets of another spectrum, too?

    Parameters
    ----------
    bins : DataFrame
        The collected table.
    uncertainties, models, discriminators, sources
        As of `residuals`, with the nominal model.

    Returns
    -------
    DataFrame
        Columns model, those of `RATE` and `BIN`; ``derived``: `ITSELF`, `ALIKE_SOURCE` or `OTHER_SOURCE`;
        ``factors``: `WHOLE` or `BINNED`; ``before``, root mean square bias over the pairs without
        calibration, and ``residual``, with it, and its ``error``, and as it was ``measured``, with noise.
        Without edges (NaN): over all bins, by tagged clean jets. Counts of the jets of one training make the
        errors, those of two perturbations as if they were independent: rather too much noise is taken away.
    """
    rates, resolved = shown_rates(discriminators), resolved_sources(uncertainties)
    rows = bins[(bins["kind"] == "scenario") & (bins["variable"] == "pt") & bins["model"].isin(list(models))]
    rows = of_rates(rows, rates)
    jets, change, error = (
        each.sort_index() for each in changes_in_bins(rows[rows["perturbation"].isin(list(sources))])
    )
    keys = sorted(jets.index.droplevel(BIN).unique(), key=lambda key: models.index(key[0]))
    table = []
    for key in keys:
        changes, errors = (each.loc[key].unstack("perturbation") for each in (change, error))
        finite = np.isfinite(changes).all() & np.isfinite(errors).all()
        names = [
            str(name)
            for name in changes.columns[finite]
            if sources[str(name)].name in resolved.get(key[1:], ())
        ]
        sigma = np.array([sources[name].sigma for name in names])
        x, spread = ((each[names] / sigma).to_numpy().ravel() for each in (changes, errors))
        passed = jets.loc[key, "passed"]
        share = (passed / passed.sum()).to_numpy()
        edges = [*passed.index, (np.nan, np.nan)]
        for derived, factors in _CALIBRATIONS:
            pairs = calibrations(names, sources, derived)
            if not pairs:
                continue
            before, after = (
                [
                    _root_mean_square(operator, x, spread)
                    for operator in _each(_operators(names, pairs, share, how), share)
                ]
                for how in (None, factors)
            )
            table += [
                (*key, *edge, derived, factors, uncalibrated[0], *calibrated)
                for edge, uncalibrated, calibrated in zip(edges, before, after, strict=True)
            ]
    columns = ["model", *RATE, *BIN, "derived", "factors", "before", "residual", "error", "measured"]
    return pd.DataFrame(table, columns=columns)


#: What is asked in bins; factors of one perturbation in its own bins leave nothing.
_CALIBRATIONS = [
    (ITSELF, WHOLE),
    *((derived, factors) for derived in (ALIKE_SOURCE, OTHER_SOURCE) for factors in (WHOLE, BINNED)),
]


def _operators(
    names: Sequence[str], pairs: Sequence[tuple[str, str]], share: np.ndarray, factors: str | None
) -> np.ndarray:
    """What makes biases [bins, pairs] of the changes in bins [bins x perturbations]; None: no calibration."""
    data, truth = (
        np.array([[name == pair[side] for name in names] for pair in pairs], dtype=float) for side in (0, 1)
    )
    own = np.eye(len(share))
    true = np.einsum("kj,ip->kijp", own, truth)
    if factors is None:
        applied = np.zeros_like(true)
    else:
        derived = own if factors == BINNED else np.tile(share, (len(share), 1))
        applied = np.einsum("kj,ip->kijp", derived, data)
    return (true - applied).reshape(len(share), len(pairs), -1)


def _each(operators: np.ndarray, share: np.ndarray) -> list[np.ndarray]:
    """Those of every bin, and of all bins with the weights of their shares, so that squares are means."""
    together = np.concatenate(
        [np.sqrt(w * len(share)) * each for w, each in zip(share, operators, strict=True)]
    )
    return [*operators, together]


def _root_mean_square(operator: np.ndarray, x: np.ndarray, spread: np.ndarray) -> tuple[float, float, float]:
    """Of the biases `operator @ x`: without what independent errors of x add, its error, and with it."""
    bias = operator @ x
    square = np.mean(bias**2)
    noise = np.mean(operator**2 @ spread**2)
    measured = float(np.sqrt(square))
    slope = bias @ operator / len(bias)
    error = float(np.sqrt(np.sum((slope * spread) ** 2)))
    return float(np.sqrt(max(square - noise, 0.0))), error / measured if measured else 0.0, measured

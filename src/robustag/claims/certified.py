"""What no change of inputs within a box can do to a rate, in sentences."""

import pandas as pd

from robustag.evaluation.differences import matching

_UNITS = {"none": "{:g} sigma of the training jets", "uncertainty": "{:g} sigma of its measurement"}


def certified_lines(rates: pd.DataFrame, working_point: float) -> list[str]:
    """For each model and box, between which bounds signal efficiency and mis-tag rate stay in all trainings.

    Parameters
    ----------
    rates : DataFrame
        Table ``certified_rates``.
    working_point : float
        Mis-tag rate at the cut.
    """
    rates = rates[matching(rates, working_point=working_point)]
    lines = []
    for (model, box, epsilon), found in rates.groupby(["model", "box", "epsilon"], sort=False):
        of = dict(tuple(found.groupby("metric")))
        # What is tagged nowhere cannot change by a share of itself.
        signal = of["fixed_cut_efficiency"].query("raw > 0")
        over_pt = signal["bin_low"] == 0
        if not over_pt.any():
            continue
        background = of["fixed_cut_mistag"].query("bin_low == 0")
        worst = background.loc[background["highest"].idxmax()]
        trainings = found["seed"].nunique()
        lines.append(
            f"* {model}, {trainings} training{'s'[: trainings > 1]}: no change of inputs within "
            f"{_UNITS[box].format(epsilon)}, coherent or not, changes the {signal['flavour'].iloc[0]} "
            f"efficiency at a mis-tag rate of {working_point:g} by more than "
            f"{_changes(signal[over_pt]).max():.1%}, or in a bin of pT by more than "
            f"{_worst_bin(signal[~over_pt])}, or takes the {worst['flavour']} mis-tag rate from "
            f"{worst['raw']:.2g} beyond {worst['highest']:.2g}."
        )
    return lines


def _changes(rates: pd.DataFrame) -> pd.Series:
    """Largest relative change either way."""
    either = pd.concat([rates["raw"] - rates["lowest"], rates["highest"] - rates["raw"]], axis=1).max(axis=1)
    return either / rates["raw"]


def _worst_bin(rates: pd.DataFrame) -> str:
    change = _changes(rates)
    worst = rates.loc[change.idxmax()]
    return f"{change.max():.1%} ({worst['bin_low']:g} to {worst['bin_high']:g} GeV, {worst['n']:.0f} jets)"

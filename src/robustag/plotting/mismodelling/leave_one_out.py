"""What each way of training has seen against what it is judged on."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from robustag.evaluation.differences import matching
from robustag.evaluation.scale_factors import TOTAL, of_rates, rate_title, shown_rates
from robustag.plotting.style import stamp, styled

_SOURCES = 8
#: Changes beyond this share have the last colour.
_LARGEST = 60.0


def leave_one_out_table(
    uncertainties: pd.DataFrame,
    discriminators: Sequence[str],
    point: float,
    seen: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """How much smaller or larger each way of training makes the uncertainty from each source.

    Parameters
    ----------
    uncertainties : DataFrame
        From `robustag.evaluation.frontier`.
    discriminators : sequence of str
        The rates are those of `shown_rates`.
    point : float
        Working point of the rates.
    seen : mapping of str to sequence of str
        Model to the sources that its training has seen.

    Returns
    -------
    DataFrame
        Columns discriminator, metric, model, source (the total, and the eight of largest nominal uncertainty
        over all rates), resolved, ``change``, in per cent of the nominal uncertainty, above zero where it is
        larger, its ``error``, and ``seen``.
    """
    rates = shown_rates(discriminators)
    rows = uncertainties[matching(uncertainties, working_point=point)]
    rows = of_rates(rows, rates)
    known = rows[rows["resolved"] & (rows["source"] != TOTAL)]
    share = known["nominal"] / known.groupby(["discriminator", "metric"])["nominal"].transform("max")
    largest = share.groupby(known["source"]).max().sort_values(ascending=False, kind="stable")
    shown = [TOTAL, *largest.index[:_SOURCES]]
    rows = rows[rows["source"].isin(shown)]
    nominal = rows["nominal"].where(rows["nominal"] > 0)
    return pd.DataFrame(
        {
            "discriminator": rows["discriminator"],
            "metric": rows["metric"],
            "model": rows["model"],
            "source": pd.Categorical(rows["source"], categories=shown, ordered=True),
            "resolved": rows["resolved"],
            "change": -100.0 * rows["difference"] / nominal,
            "error": 100.0 * rows["difference_error"] / nominal,
            "seen": [s in seen.get(m, ()) for m, s in zip(rows["model"], rows["source"], strict=True)],
        }
    ).astype({"source": str})


@styled
def draw_leave_one_out(table: pd.DataFrame, sample: str) -> Figure:
    """A panel a rate: ways of training down, sources across; blue where the uncertainty is smaller.

    A frame marks what the training has seen. Cells of sources without a significant effect on any model stay
    white.

    Parameters
    ----------
    table : DataFrame
        From `leave_one_out_table`.
    sample : str
        What was simulated.
    """
    rates = list(dict.fromkeys(zip(table["discriminator"], table["metric"], strict=True)))
    models = list(dict.fromkeys(table["model"]))
    sources = list(dict.fromkeys(table["source"]))
    sources.sort(key=lambda name: name != TOTAL)
    figure = Figure(figsize=(2.9 + 1.05 * len(sources), 2.6 + (0.7 + 0.5 * len(models)) * len(rates)))
    panels = figure.subplots(len(rates), 1, sharex=True, squeeze=False)[:, 0]
    for axes, rate in zip(panels, rates, strict=True):
        rows = table[matching(table, discriminator=rate[0], metric=rate[1])]
        _draw_cells(axes, rows.set_index(["model", "source"]), models, sources)
        axes.set_ylabel(rate_title(*rate).replace(", ", ",\n"), fontsize=12)
    names = [name.replace("_", " ") for name in sources]
    panels[-1].set_xticks(np.arange(len(sources)) + 0.5, labels=names, rotation=35, ha="right", fontsize=10)
    panels[-1].set_xlabel("change of the calibration uncertainty [%]")
    stamp(panels[0], panels[0], sample)
    return figure


def _draw_cells(axes: Axes, cells: pd.DataFrame, models: Sequence[str], sources: Sequence[str]) -> None:
    change, error = (
        cells[name].where(cells["resolved"]).unstack("source").reindex(index=models, columns=sources)
        for name in ("change", "error")
    )
    axes.pcolormesh(change, cmap="RdBu_r", vmin=-_LARGEST, vmax=_LARGEST)
    seen = cells["seen"].unstack("source").reindex(index=models, columns=sources)
    for row, column in np.ndindex(change.shape):
        value = change.iloc[row, column]
        if seen.iloc[row, column]:
            frame = Rectangle((column + 0.04, row + 0.06), 0.92, 0.88, fill=False, edgecolor="black")
            axes.add_patch(frame)
        if not np.isnan(value):
            axes.text(
                *(column + 0.5, row + 0.5, f"{value:+.0f} ± {error.iloc[row, column]:.0f}"),
                ha="center",
                va="center",
                fontsize=10,
                color="white" if abs(value) > 0.7 * _LARGEST else "black",
            )
    axes.set_yticks(
        np.arange(len(models)) + 0.5, labels=[name.replace("_", " ") for name in models], fontsize=10
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.tick_params(length=0)
    axes.set_ylim(len(models), 0)

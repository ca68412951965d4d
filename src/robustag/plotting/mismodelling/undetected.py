"""What perturbations cost at the working point against the jets of data that would show them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustag.attacks.labels import perturbation_label
from robustag.plotting.options import Pair
from robustag.plotting.style import Model, arm_models, legend_below, paired_models, stamp, styled

_SMALLEST = 0.01
_CASE = ["kind", "perturbation", "epsilon"]
_VIEWS = {"all": "all jets, flavours unknown", "pure": "the best pure sample of one flavour"}


def undetected_table(undetected: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """The points of the figure: by whichever test needs the fewest jets.

    Parameters
    ----------
    undetected : DataFrame
        Of `robustag.evaluation.undetected`.
    pairs : sequence of Pair
        The compared models.

    Returns
    -------
    DataFrame
        model, kind, perturbation, epsilon, ``view`` (all jets together, or the flavour that shows most),
        sample, input, jets, low, high, mistag, mistag_error.
    """
    models = [model.name for model in paired_models(pairs)]
    rows = undetected[(undetected["by"] == "any") & undetected["model"].isin(models)]
    rows = rows.assign(view=np.where(rows["sample"] == "all", "all", "pure")).sort_values(["jets", "low"])
    rows = rows.drop_duplicates(["model", *_CASE, "view"])
    columns = ["model", *_CASE, "view", "sample", "input", "jets", "low", "high", "mistag", "mistag_error"]
    return rows[columns].sort_values(["model", *_CASE, "view"], ignore_index=True)


@styled
def draw_undetected(
    table: pd.DataFrame, pairs: Sequence[Pair], data_jets: float, working_point: str, sample: str
) -> Figure:
    """A row an arm, a column a view; every attack and scenario at every strength is a numbered point.

    Parameters
    ----------
    table : DataFrame
        From `undetected_table`.
    pairs : sequence of Pair
        The compared models.
    data_jets : float
        Jets of data, marked by a line.
    working_point : str
        Whose mis-tag rate changes.
    sample : str
        What was simulated.
    """
    # What no number of jets shows has no place on the axis.
    table = table[np.isfinite(table["low"])]
    names = table[["kind", "perturbation"]].drop_duplicates().sort_values(["kind", "perturbation"])
    numbers = {name: number for number, name in enumerate(names["perturbation"], start=1)}
    figure = Figure(figsize=(14.0, 2.4 + 4.4 * len(pairs)))
    panels = figure.subplots(len(pairs), len(_VIEWS), sharex=True, sharey=True, squeeze=False)
    for row, pair in zip(panels, pairs, strict=True):
        for axes, (view, title) in zip(row, _VIEWS.items(), strict=True):
            axes.set_xscale("log")
            axes.set_yscale("symlog", linthresh=_SMALLEST)
            axes.axvline(data_jets, color="black", linewidth=1, linestyle=(0, (4, 2)))
            for model in arm_models(pairs, pair.label):
                own = table[(table["model"] == model.name) & (table["view"] == view)]
                _points(axes, own, model, numbers)
            axes.text(0.02, 0.96, title, transform=axes.transAxes, va="top")
        row[0].text(0.02, 0.89, f"{pair.label} arm", transform=row[0].transAxes, va="top", fontweight="bold")
        row[0].set_ylabel("relative change of the mis-tag rate")
    # Room above the points for what the panels show.
    panels[0, 0].set_ylim(-_SMALLEST, 10 * np.fmax(table["mistag"].max(), _SMALLEST))
    for axes in panels[-1]:
        axes.set_xlabel("jets of data that show it at 3 sigma")
    key = "\n".join(f"{number}  {perturbation_label(name)}" for name, number in numbers.items())
    panels[0, -1].text(1.03, 1.0, key, transform=panels[0, -1].transAxes, va="top", fontsize=11)
    handles = [
        *(
            Line2D([], [], label=f"{model.title}, {kind}", **_marker(model, kind))
            for model in paired_models(pairs)
            for kind in _MARKERS
        ),
        Line2D([], [], color="black", linestyle=(0, (4, 2)), linewidth=1, label=f"{data_jets:,.0f} jets"),
        Line2D([], [], color="black", marker=">", linestyle="none", label="more than, at 95 %"),
    ]
    legend_below(figure, handles, 3)
    stamp(panels[0, 0], panels[0, -1], f"{working_point}; {sample}")
    return figure


_MARKERS = {"attack": "o", "scenario": "D"}


def _marker(model: Model, kind: str) -> dict[str, Any]:
    """Looks of the points of a model: attacks are filled, scenarios open."""
    face = model.colour if kind == "attack" else "white"
    return {"color": model.colour, "marker": _MARKERS[kind], "markerfacecolor": face, "linestyle": "none"}


def _points(axes: Axes, rows: pd.DataFrame, model: Model, numbers: dict[str, int]) -> None:
    for row in rows.itertuples():
        seen = np.isfinite(row.jets)
        at = row.jets if seen else row.low
        axes.errorbar(
            at,
            row.mistag,
            yerr=row.mistag_error,
            xerr=None if seen else [[0.0], [0.6 * at]],
            xlolims=not seen,
            linewidth=1,
            **_marker(model, row.kind),
        )
        axes.annotate(
            str(numbers[row.perturbation]),
            (at, row.mistag),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=9,
            color=model.colour,
        )

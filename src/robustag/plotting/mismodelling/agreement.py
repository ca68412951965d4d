"""How well data and simulation agree in the discriminators, nominal against adversarial, by pT."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from robustag.evaluation.data_verdicts import BETTER, WORSE, all_bins
from robustag.plotting.mismodelling.data import STAMP
from robustag.plotting.options import Pair
from robustag.plotting.style import arm_models, legend_below, model_handles, stamp, styled

_MILLINATS = 1000.0


@styled
def draw_agreement(table: pd.DataFrame, pairs: Sequence[Pair], pair: Pair, sample: str) -> Figure:
    """A row a discriminator: divergence above its floor of both models, and their difference.

    Parameters
    ----------
    table : DataFrame
        Rows of `robustag.evaluation.data_verdicts.data_verdicts` for one pair.
    pairs : sequence of Pair
        All that are compared, for the colours.
    pair : Pair
        The one shown.
    sample : str
        What was simulated.
    """
    names = list(dict.fromkeys(table["discriminator"]))
    figure = Figure(figsize=(9.0, 2.1 + 2.4 * len(names)))
    panels = figure.subplots(len(names), 2, sharex=True, squeeze=False)
    models = arm_models(pairs, pair.label)
    for (sizes, differences), name in zip(panels, names, strict=True):
        rows = table[table["discriminator"] == name]
        place = np.arange(len(rows))
        for model, side in zip(models, (-0.13, 0.13), strict=True):
            sizes.errorbar(
                *(place + side, _MILLINATS * rows[model.role]),
                yerr=_MILLINATS * rows[f"{model.role}_error"],
                color=model.colour,
                marker=model.marker,
                linestyle="none",
                elinewidth=1.2,
            )
        _draw_differences(differences, place, rows)
        for axes in (sizes, differences):
            axes.axhline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
            axes.axvline(0.5, color="0.7", linewidth=0.8)
            axes.set_xlim(-0.6, len(rows) - 0.4)
            axes.set_xticks(place, labels=_bin_labels(rows), rotation=45, ha="right", fontsize=11)
            axes.xaxis.set_minor_locator(NullLocator())
            # Over the point of all jets, which lies closest to zero, there is room for the name.
            axes.margins(y=0.25)
            axes.text(0.03, 0.95, name, transform=axes.transAxes, va="top", fontweight="bold")
        sizes.set_ylabel("above floor\n[$10^{-3}$ nats]", fontsize=12, loc="center")
        differences.set_ylabel("nominal $-$ adv.\n[$10^{-3}$ nats]", fontsize=12, loc="center")
    for axes in panels[-1]:
        axes.set_xlabel(r"jet $p_T$ [GeV]")
    faces = {"significant difference": "black", "not significant": "white"}
    handles = [
        *model_handles(models),
        *(
            Line2D([], [], color="black", marker="o", linestyle="none", markerfacecolor=face, label=label)
            for label, face in faces.items()
        ),
    ]
    legend_below(figure, handles, 2)
    stamp(panels[0, 0], panels[0, -1], sample, STAMP)
    return figure


def _draw_differences(axes: Axes, place: np.ndarray, rows: pd.DataFrame) -> None:
    """Hollow where the difference is not significant."""
    value = _MILLINATS * rows["difference"].to_numpy()
    error = _MILLINATS * rows["difference_error"].to_numpy()
    axes.errorbar(place, value, yerr=error, color="black", marker="none", linestyle="none", elinewidth=1.2)
    significant = rows["verdict"].isin([BETTER, WORSE]).to_numpy()
    for chosen, face in ((significant, "black"), (~significant, "white")):
        axes.plot(
            *(place[chosen], value[chosen]),
            color="black",
            marker="o",
            markerfacecolor=face,
            linestyle="none",
            zorder=3,
        )


def _bin_labels(rows: pd.DataFrame) -> list[str]:
    bins = zip(rows["bin_low"], rows["bin_high"], all_bins(rows), strict=True)
    return ["all" if whole else f"{low:g}-{high:g}" for low, high, whole in bins]

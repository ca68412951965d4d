"""What an analysis notices: efficiency and mis-tag rate at a cut that was fixed on raw jets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.reading import pick
from robustag.plotting.columns import seed_averaged
from robustag.plotting.options import Pair
from robustag.plotting.style import (
    DISCRIMINATOR_AXES,
    legend_below,
    paired_models,
    perturbation_line,
    stamp,
    styled,
    symmetric_epsilon_axis,
)

RATES = ("fixed_cut_efficiency", "fixed_cut_mistag")


def fixed_cut_table(
    metrics: pd.DataFrame,
    pairs: Sequence[Pair],
    perturbations: Sequence[str],
    discriminator: str,
) -> pd.DataFrame:
    """Rates at the fixed cuts relative to those on raw jets, at every epsilon.

    Returns
    -------
    DataFrame
        Columns model, perturbation, epsilon, discriminator, metric, working_point (mis-tag rate on raw jets),
        ``value`` (the rate, mean over seeds), ``ratio`` to the rate on raw jets, ``statistical``, ``seed``
        and total ``error`` of the ratio.
    """
    rates = pick(metrics, "metrics", discriminator=discriminator)
    rates = rates[rates["metric"].isin(RATES)]
    measured = Measurements(rates)
    rows = []
    for model in paired_models(pairs):
        for perturbation in perturbations:
            wanted = {"model": model.name, "perturbation": perturbation, "discriminator": discriminator}
            part = pick(rates, "metrics", **wanted)
            for metric, point in part.groupby(["metric", "working_point"], sort=False).groups:
                same = {**wanted, "metric": metric, "working_point": point}
                raw = measured.measurement(**same, epsilon=0.0)
                for epsilon in np.sort(part["epsilon"].unique()):
                    rate = measured.measurement(**same, epsilon=epsilon)
                    rows.append(
                        {
                            "model": model.name,
                            "perturbation": perturbation,
                            "epsilon": epsilon,
                            "discriminator": discriminator,
                            "metric": metric,
                            "working_point": point,
                            "value": rate.mean,
                            **seed_averaged("ratio", rate / raw),
                        }
                    )
    return pd.DataFrame(rows)


@styled
def draw_fixed_cut(table: pd.DataFrame, pairs: Sequence[Pair], sample: str) -> Figure:
    """A column a working point: the change of the efficiency above, that of the mis-tag rate below.

    Parameters
    ----------
    table : DataFrame
        From `fixed_cut_table` for one discriminator.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    """
    points = sorted(table["working_point"].unique(), reverse=True)
    figure = Figure(figsize=(1.2 + 3.2 * len(points), 7.8))
    panels = figure.subplots(len(RATES), len(points), sharex=True, sharey="row", squeeze=False)
    models = paired_models(pairs)
    for row, metric in enumerate(RATES):
        for axes, point in zip(panels[row], points, strict=True):
            shown = pick(table, "fixed_cut", metric=metric, working_point=point)
            for model in models:
                for perturbation, line in shown[shown["model"] == model.name].groupby(
                    "perturbation", sort=False
                ):
                    axes.plot(
                        line["epsilon"],
                        line["ratio"],
                        color=model.colour,
                        marker=model.marker,
                        linestyle=perturbation_line(perturbation),
                        label=f"{model.title}, {perturbation_label(perturbation)}",
                    )
                    low, high = line["ratio"] - line["error"], line["ratio"] + line["error"]
                    # What is not above zero has no place on the logarithmic axis of the mis-tag rates.
                    low = low.clip(lower=1e-3)
                    axes.fill_between(line["epsilon"], low, high, color=model.colour, alpha=0.2, linewidth=0)
            if not np.isfinite(shown.loc[shown["epsilon"] > 0, "ratio"]).any():
                axes.text(0.5, 0.5, "no raw jet is mis-tagged", transform=axes.transAxes, ha="center")
            axes.axhline(1.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    for axes, point in zip(panels[0], points, strict=True):
        axes.text(
            0.05,
            0.05,
            f"mis-tag rate {100 * point:g} % on raw jets",
            transform=axes.transAxes,
            fontweight="bold",
        )
    efficiency, mistag = DISCRIMINATOR_AXES[table["discriminator"].iloc[0]]
    panels[0, 0].set_ylabel(f"{efficiency} / raw")
    panels[1, 0].set_ylabel(f"{mistag} / raw")
    panels[1, 0].set_yscale("log")
    panels[1, 0].yaxis.set_major_formatter("{x:g}")
    panels[1, 0].yaxis.set_minor_formatter("{x:g}")
    for axes in panels[-1]:
        symmetric_epsilon_axis(axes, table["epsilon"].unique())
        axes.tick_params(axis="x", labelrotation=45)
    handles, _ = panels[0, 0].get_legend_handles_labels()
    legend_below(figure, handles, min(2, len(points)))
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure

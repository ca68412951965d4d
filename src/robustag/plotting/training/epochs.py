"""AUC against the epoch: how the vulnerability of a tagger grows while it learns."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustag.evaluation.reading import pick
from robustag.plotting.options import Pair, Perturbation
from robustag.plotting.style import (
    arm_models,
    legend_below,
    model_handles,
    paired_models,
    perturbation_line,
    stamp,
    styled,
)

EPOCH_COLUMNS = [
    *("model", "seed", "epoch", "source", "crafted_on", "perturbation", "epsilon"),
    *("discriminator", "value", "low", "high"),
]
#: Line of an attack that was made on another model than the one it is shown to.
TRANSFERRED = (0, (6, 1.5, 1, 1.5, 1, 1.5))


def auc_epoch_table(
    epochs: pd.DataFrame, pairs: Sequence[Pair], discriminators: Sequence[str]
) -> pd.DataFrame:
    """AUC of the paired models at every kept epoch, mean over seeds, for the shown discriminators.

    Returns
    -------
    DataFrame
        Columns discriminator, model, source, crafted_on, perturbation, epsilon, epoch, ``auc`` and the mean
        68 % interval ``low``, ``high`` of the test sample.
    """
    models = [model.name for model in paired_models(pairs)]
    chosen = epochs[epochs["model"].isin(models) & epochs["discriminator"].isin(discriminators)]
    keys = ["discriminator", "model", "source", "crafted_on", "perturbation", "epsilon", "epoch"]
    means = chosen.groupby(keys, as_index=False)[["value", "low", "high"]].mean()
    return means.rename(columns={"value": "auc"})


@styled
def draw_auc_epoch(
    table: pd.DataFrame,
    pairs: Sequence[Pair],
    discriminators: Sequence[str],
    *,
    attack: Perturbation,
    noise: Perturbation,
    sample: str,
) -> Figure:
    """One row a discriminator, one column an arm; a colour a training, a line style a perturbation.

    The error of the test sample, which all points have in common, is told in the corner.

    Parameters
    ----------
    table : DataFrame
        From `auc_epoch_table`.
    pairs : sequence of Pair
        The compared models.
    discriminators : sequence of str
        The rows, in order.
    attack, noise : Perturbation
        Those of the table.
    sample : str
        What was simulated.
    """
    figure = Figure(figsize=(5.0 * len(pairs), 1.6 + 3.4 * len(discriminators)))
    panels = figure.subplots(len(discriminators), len(pairs), sharex="col", sharey="row", squeeze=False)
    lines = {
        ("none", "raw"): perturbation_line("raw"),
        ("none", noise.name): perturbation_line(noise.name),
        ("self", attack.name): perturbation_line(attack.name),
        ("reference", attack.name): TRANSFERRED,
    }
    for row, discriminator in enumerate(discriminators):
        for column, pair in enumerate(pairs):
            axes = panels[row, column]
            for model in arm_models(pairs, pair.label):
                rows = table[(table["model"] == model.name) & (table["discriminator"] == discriminator)]
                for (source, perturbation), dashes in lines.items():
                    crafted_on = pair.nominal if source == "reference" else ""
                    curve = pick(
                        rows, "auc_epoch", source=source, crafted_on=crafted_on, perturbation=perturbation
                    )
                    axes.plot(
                        *(curve["epoch"], curve["auc"]),
                        color=model.colour,
                        marker=model.marker,
                        linestyle=dashes,
                        markersize=4,
                    )
            axes.set_xscale("log")
            ticks = sorted(table.loc[table["model"] == pair.nominal, "epoch"].unique())
            axes.set_xticks(ticks, labels=[f"{tick:d}" for tick in ticks])
            axes.minorticks_off()
            half = (table["high"] - table["low"])[table["discriminator"] == discriminator].mean() / 2
            axes.margins(y=0.12)  # room for the line in the corner
            told = {"transform": axes.transAxes, "ha": "right", "fontsize": 9, "color": "#555555"}
            axes.text(0.97, 0.03, f"test sample: ± {half:.4f}", **told)
            if row == 0:
                axes.text(0.05, 0.94, f"{pair.label} arm", transform=axes.transAxes, va="top", weight="bold")
        panels[row, 0].set_ylabel(f"{discriminator} AUC")
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
    labels = [
        "raw",
        noise.short,
        f"{attack.short}, on itself",
        f"{attack.short}, from the final nominal model",
    ]
    handles = model_handles(paired_models(pairs))
    handles += [
        Line2D([], [], color="black", linestyle=dashes, label=label)
        for dashes, label in zip(lines.values(), labels, strict=True)
    ]
    legend_below(figure, handles, min(len(pairs), 2))
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure

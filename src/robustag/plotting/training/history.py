"""How the losses and the validation AUC moved during training."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from robustag.evaluation.reading import pick
from robustag.plotting.options import Pair
from robustag.plotting.style import Model, arm_models, paired_models, stamp, styled

HISTORY_COLUMNS = [
    *("model", "seed", "epoch", "train_loss", "validation_loss"),
    *("validation_auc_bvl", "adversarial_auc_bvl"),
]
_ATTACKED = (0, (1, 1.2))


def history_table(history: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Losses and validation AUC of the paired models, every epoch and seed (columns ``HISTORY_COLUMNS``)."""
    parts = [pick(history, "history", model=model.name) for model in paired_models(pairs)]
    return pd.concat(parts, ignore_index=True)[HISTORY_COLUMNS]


@styled
def draw_history(table: pd.DataFrame, pairs: Sequence[Pair], sample: str) -> Figure:
    """One column an arm, each on its own loss scale; losses above, validation AUC below.

    Thin lines are single seeds, thick ones their mean.

    Parameters
    ----------
    table : DataFrame
        From `history_table`.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    """
    arms = [pair.label for pair in pairs]
    figure = Figure(figsize=(5.0 * len(arms), 7.6))
    panels = figure.subplots(2, len(arms), sharex="col", squeeze=False, height_ratios=(1.25, 1))
    for (losses, areas), arm in zip(panels.T, arms, strict=True):
        models = arm_models(pairs, arm)
        for model in models:
            _draw_training(losses, areas, table[table["model"] == model.name], model.colour)
        if table.loc[table["model"].isin([model.name for model in models]), "train_loss"].min() < 1e-3:
            losses.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
        losses.text(0.96, 0.95, f"{arm} arm", transform=losses.transAxes, va="top", ha="right", weight="bold")
        areas.legend(handles=_handles(models), loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        # Room above the curves for the name of the arm.
        low, high = losses.get_ylim()
        losses.set_ylim(low, high + 0.15 * (high - low))
        areas.set_xlabel("epoch")
        areas.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[0, 0].set_ylabel("loss")
    panels[1, 0].set_ylabel("validation BvL AUC")
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure


def _draw_training(losses: Axes, areas: Axes, curves: pd.DataFrame, colour: str) -> None:
    """Every seed of one model and their mean."""
    for axes, quantity, dashes in (
        (losses, "train_loss", (0, (4, 2))),
        (losses, "validation_loss", "-"),
        (areas, "validation_auc_bvl", "-"),
        (areas, "adversarial_auc_bvl", _ATTACKED),
    ):
        by_seed = curves.pivot(index="epoch", columns="seed", values=quantity)
        axes.plot(by_seed.index, by_seed, color=colour, linestyle=dashes, linewidth=0.6, alpha=0.6)
        axes.plot(by_seed.index, by_seed.mean(axis=1), color=colour, linestyle=dashes)


def _handles(models: Sequence[Model]) -> list[Line2D]:
    handles = [Line2D([], [], color=model.colour, label=f"{model.role} training") for model in models]
    return [
        *handles,
        Line2D([], [], color="black", linestyle=(0, (4, 2)), label="as trained on"),
        Line2D([], [], color="black", label="validation, raw"),
        Line2D([], [], color="black", linestyle=_ATTACKED, label="validation, under FGSM"),
    ]

"""The transfer matrix: inputs crafted on one model, shown to every other."""

import pandas as pd
from matplotlib.figure import Figure

from robustag.attacks.labels import perturbation_label
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.reading import METRIC_COLUMNS
from robustag.plotting.columns import seed_averaged
from robustag.plotting.matrix import draw_matrix
from robustag.plotting.style import stamp, styled

TRANSFER_COLUMNS = ["target", *METRIC_COLUMNS]


def transfer_table(transfer: pd.DataFrame, discriminator: str) -> pd.DataFrame:
    """AUC lost by every model to inputs crafted on every other.

    Returns
    -------
    DataFrame
        Columns source, target, perturbation, epsilon, discriminator, ``loss`` (AUC on raw jets minus AUC on
        the crafted ones, mean over seeds), ``statistical``, ``seed`` and total ``error``.
    """
    # The jets shown to one target are a table of metrics.
    measured = {target: Measurements(part) for target, part in transfer.groupby("target")}
    rows = []
    for (source, target, perturbation), part in transfer.groupby(
        ["model", "target", "perturbation"], sort=False
    ):
        wanted = {
            "model": source,
            "perturbation": perturbation,
            "discriminator": discriminator,
            "metric": "auc",
        }
        raw = measured[target].measurement(**wanted, epsilon=0.0)
        for epsilon in sorted(set(part["epsilon"]) - {0.0}):
            loss = raw - measured[target].measurement(**wanted, epsilon=epsilon)
            rows.append(
                {
                    "source": source,
                    "target": target,
                    "perturbation": perturbation,
                    "epsilon": epsilon,
                    "discriminator": discriminator,
                    **seed_averaged("loss", loss),
                }
            )
    return pd.DataFrame(rows)


@styled
def draw_transfer(table: pd.DataFrame, sample: str) -> Figure:
    """A panel an epsilon: the model inputs are crafted on down, the model that sees them across.

    Parameters
    ----------
    table : DataFrame
        From `transfer_table`.
    sample : str
        What was simulated.
    """
    epsilons = sorted(table["epsilon"].unique())
    models = list(dict.fromkeys(table["source"]))
    names = [name.replace("_", "\n") for name in models]
    figure = Figure(figsize=(1.4 + (0.5 + 0.92 * len(models)) * len(epsilons), 2.4 + 0.8 * len(models)))
    panels = figure.subplots(1, len(epsilons), sharey=True, squeeze=False)[0]
    for axes, epsilon in zip(panels, epsilons, strict=True):
        cells = table[table["epsilon"] == epsilon].set_index(["source", "target"])
        loss, error = (
            cells[column].unstack("target").reindex(index=models, columns=models)
            for column in ("loss", "error")
        )
        # Each strength has its own scale; the numbers say how they compare.
        largest = max(1e-6, loss.max(axis=None))
        draw_matrix(axes, loss, error, names, digits=4, largest=largest)
        attack = perturbation_label(table["perturbation"].iloc[0])
        axes.set_xlabel(rf"shown to ({attack}, $\varepsilon$ = {epsilon:g})")
    panels[0].set_ylabel("crafted on")
    figure.suptitle(f"Loss of {table['discriminator'].iloc[0]} AUC", fontsize=13)
    stamp(panels[0], panels[-1], sample)
    return figure

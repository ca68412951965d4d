"""Between the best attack and the certificate: where the truth about a model's robustness lies."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustag.evaluation.reading import pick
from robustag.plotting.options import Pair
from robustag.plotting.style import (
    DISCRIMINATOR_AXES,
    MARKERS,
    Model,
    arm_models,
    legend_below,
    model_handles,
    paired_models,
    stamp,
    styled,
    symmetric_epsilon_axis,
)

CERTIFICATE_COLUMNS = [
    *("model", "method", "epsilon", "discriminator", "metric", "working_point", "value", "low", "high", "n"),
]
_METRICS = ("auc", "fixed_cut_efficiency", "fixed_cut_mistag")
_COLOURS = ("#117733", "#882255", "#332288", "#999933")
_METHODS: dict[str, Any] = {"attack": "-", "proven": (0, (4, 2))}


def certified_table(
    certificates: pd.DataFrame,
    pairs: Sequence[Pair],
    discriminator: str,
    working_point: float,
    others: Sequence[str] = (),
) -> pd.DataFrame:
    """Attack and certificate of every paired model that has one, and of some others.

    Parameters
    ----------
    certificates : DataFrame
        The certificates table.
    pairs : sequence of Pair
        The compared models.
    discriminator : str
        BvL, BvC, CvB or CvL.
    working_point : float
        Mis-tag rate at the cut, of all clean test jets.
    others : sequence of str
        Models of no pair.

    Returns
    -------
    DataFrame
        Columns metric, model, method ("attack", "proven"), epsilon, discriminator, working_point, value,
        low, high, n (jets).
    """
    named = [*(model.name for model in paired_models(pairs)), *others]
    models = [name for name in dict.fromkeys(named) if name in set(certificates["model"])]
    parts = []
    for metric in _METRICS:
        point = {} if metric == "auc" else {"working_point": working_point}
        rows = pick(certificates, "certificates", metric=metric, discriminator=discriminator, **point)
        parts += [
            pick(rows, "certificates", model=model, method=method).sort_values("epsilon")
            for model in models
            for method in _METHODS
        ]
    columns = ["metric", *(column for column in CERTIFICATE_COLUMNS if column != "metric")]
    return pd.concat(parts, ignore_index=True)[columns]


@styled
def draw_certified(
    table: pd.DataFrame, pairs: Sequence[Pair], sample: str, others: Sequence[str] = ()
) -> Figure:
    """One column an arm, and one of models of no arm, one row a number; one band a model from its best attack
    to its certificate.

    Parameters
    ----------
    table : DataFrame
        From `certified_table`.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    others : sequence of str
        Models of no pair.
    """
    models = [model for model in paired_models(pairs) if model.name in set(table["model"])]
    # Arms in the order of the pairs; those whose models have no certificate are left out.
    shown = {arm for model in models for arm in model.arms}
    columns = {f"{p.label} arm": arm_models(pairs, p.label) for p in pairs if p.label in shown}
    alone = _unpaired([name for name in others if name not in {model.name for model in models}])
    if alone:
        columns["other trainings"] = alone
    figure = Figure(figsize=(1.4 + 3.7 * len(columns), 1.9 + 2.6 * len(_METRICS)))
    panels = figure.subplots(len(_METRICS), len(columns), sharex=True, sharey="row", squeeze=False)
    for row, metric in zip(panels, _METRICS, strict=True):
        for axes, of_column in zip(row, columns.values(), strict=True):
            for model in of_column:
                rows = table[(table["metric"] == metric) & (table["model"] == model.name)]
                if len(rows):
                    _draw_band(axes, rows, model)
        row[0].set_ylabel(_label(table[table["metric"] == metric], metric))
    for axes, title in zip(panels[0], columns, strict=True):
        axes.text(0.05, 0.07, title, transform=axes.transAxes, fontweight="bold")
    for axes in panels[-1]:
        symmetric_epsilon_axis(axes, table["epsilon"].unique())
    handles = model_handles([*models, *alone])
    lines = {"attack": "best attack", "proven": "certificate"}
    handles += [
        Line2D([], [], color="black", linestyle=_METHODS[method], label=label)
        for method, label in lines.items()
    ]
    _, mistag = DISCRIMINATOR_AXES[table["discriminator"].iloc[0]]
    cut = f"cut at {100 * table['working_point'].max():g} % {mistag} on all raw test jets"
    legend_below(figure, handles, 2, title=cut)
    stamp(panels[0][0], panels[0][-1], sample)
    return figure


def _unpaired(names: Sequence[str]) -> list[Model]:
    """Models of no arm, by their names."""
    return [
        Model(name, (name.replace("_", " "),), (), "certified", colour, marker)
        for name, colour, marker in zip(names, cycle(_COLOURS), cycle(MARKERS), strict=False)
    ]


def _draw_band(axes: Axes, rows: pd.DataFrame, model: Model) -> None:
    found, proven = (pick(rows, "certified", method=method) for method in _METHODS)
    axes.fill_between(
        found["epsilon"], proven["value"], found["value"], color=model.colour, alpha=0.2, linewidth=0
    )
    for method, line in (("attack", found), ("proven", proven)):
        axes.errorbar(
            line["epsilon"],
            line["value"],
            yerr=[line["value"] - line["low"], line["high"] - line["value"]],
            color=model.colour,
            marker=model.marker if method == "attack" else "",
            linestyle=_METHODS[method],
            elinewidth=0.8,
        )


def _label(rows: pd.DataFrame, metric: str) -> str:
    """The number of a row of panels, and how many jets it is of."""
    discriminator = rows["discriminator"].iloc[0]
    efficiency, mistag = DISCRIMINATOR_AXES[discriminator]
    names = dict(zip(_METRICS, (f"{discriminator} AUC", efficiency, mistag), strict=True))
    return f"{names[metric]}\n{rows['n'].min():,.0f} jets"

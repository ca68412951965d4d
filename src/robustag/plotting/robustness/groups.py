"""Which inputs an attack lives on: AUC that a group costs alone, and AUC that is saved when it stays."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from robustag.evaluation import ALL, ALONE, FROZEN, RAW
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.reading import pick
from robustag.evaluation.significance import holm, level
from robustag.plotting.columns import seed_averaged
from robustag.plotting.options import Pair
from robustag.plotting.style import legend_below, name_row, paired_models, stamp, styled

_TITLES = {ALONE: "lost to an attack on this group alone", FROZEN: "saved when this group stays"}


def groups_table(
    aucs: pd.DataFrame, pairs: Sequence[Pair], discriminators: Sequence[str], significance: float
) -> pd.DataFrame:
    """What each group costs alone and saves when it cannot move, over the trainings of each model.

    Parameters
    ----------
    aucs : DataFrame
        The collected table of one attack (`robustag.evaluation.groups.group_aucs`).
    pairs : sequence of Pair
        The compared models.
    discriminators : sequence of str
        Those wanted.
    significance : float
        What counts as an effect, in standard deviations.

    Returns
    -------
    DataFrame
        Columns model, discriminator, family, group, inputs, measure; ``value``: raw AUC minus that with this
        group attacked alone (`ALONE`), or AUC with all others attacked minus that with all (`FROZEN`);
        ``statistical``, ``seed`` and total ``error`` of it, paired over jets and trainings; ``share``: value
        over what the whole attack costs; ``p`` of the value, corrected for the groups of its family (Holm);
        ``significant``.
    """
    names = aucs["family"] + "/" + aucs["group"] + "/" + aucs["moved"]
    measured = Measurements(aucs.assign(perturbation=names))
    groups = aucs[aucs["moved"] == ALONE].drop_duplicates(["family", "group"])
    rows = []
    for model, discriminator in product(paired_models(pairs), discriminators):
        found = partial(
            measured.measurement,
            model=model.name,
            discriminator=discriminator,
            metric="auc",
            epsilon=float(aucs["epsilon"].iloc[0]),
        )
        raw, attacked = (found(perturbation=f"//{moved}") for moved in (RAW, ALL))
        whole = (raw - attacked).mean
        for family, group, inputs in groups[["family", "group", "inputs"]].itertuples(index=False):
            alone = raw - found(perturbation=f"{family}/{group}/{ALONE}")
            saved = found(perturbation=f"{family}/{group}/{FROZEN}") - attacked
            for measure, harm in ((ALONE, alone), (FROZEN, saved)):
                rows.append(
                    {
                        **{"model": model.name, "discriminator": discriminator},
                        **{"family": family, "group": group, "inputs": inputs, "measure": measure},
                        **seed_averaged("value", harm),
                        **{"share": harm.mean / whole if whole else np.nan, "p": harm.p_value},
                    }
                )
    table = pd.DataFrame(rows)
    family = ["model", "discriminator", "family", "measure"]
    table["p"] = table.groupby(family, sort=False)["p"].transform(holm)
    return table.assign(significant=table["p"] < level(significance))


@styled
def draw_groups(table: pd.DataFrame, pairs: Sequence[Pair], sample: str) -> Figure:
    """A row a discriminator; left what each group costs alone, right what is saved when it stays.

    Parameters
    ----------
    table : DataFrame
        From `groups_table`.
    pairs : sequence of Pair
        The compared models.
    sample : str
        What was simulated.
    """
    groups = table[["family", "group", "inputs"]].drop_duplicates()
    # Families stand apart.
    heights = -(np.arange(len(groups)) + 0.7 * pd.factorize(groups["family"])[0])
    height = dict(zip(groups[["family", "group"]].itertuples(index=False, name=None), heights, strict=True))
    discriminators = list(dict.fromkeys(table["discriminator"]))
    figure = Figure(figsize=(9.0, 1.6 + 0.34 * len(groups) * len(discriminators)))
    panels = figure.subplots(len(discriminators), len(_TITLES), sharex="row", sharey=True, squeeze=False)
    models = paired_models(pairs)
    thickness = 0.84 / len(models)
    for row, discriminator in zip(panels, discriminators, strict=True):
        for axes, measure in zip(row, _TITLES, strict=True):
            for number, model in enumerate(models):
                bars = pick(table, "groups", model=model.name, discriminator=discriminator, measure=measure)
                places = [height[key] for key in zip(bars["family"], bars["group"], strict=True)]
                offset = thickness * ((len(models) - 1) / 2 - number)
                axes.barh(
                    np.array(places) + offset,
                    bars["value"],
                    thickness,
                    xerr=bars["error"],
                    color=[(model.colour, 1.0 if seen else 0.35) for seen in bars["significant"]],
                    error_kw={"elinewidth": 0.8},
                )
            axes.axvline(0.0, color="black", linewidth=0.8)
        labels = [f"{group} ({inputs})" for group, inputs in groups[["group", "inputs"]].to_numpy()]
        row[0].set_yticks(heights, labels=labels)
        row[0].yaxis.set_minor_locator(NullLocator())
        name_row(row[0], discriminator, 0.45)
    for axes, measure in zip(panels[-1], _TITLES, strict=True):
        axes.set_xlabel(f"AUC {_TITLES[measure]}")
    handles = [Patch(color=model.colour, label=model.title) for model in models]
    legend_below(figure, handles, len(models))
    stamp(panels[0, 0], panels[0, -1], sample)
    return figure

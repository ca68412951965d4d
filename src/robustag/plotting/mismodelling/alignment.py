"""Where attacks point beside where systematics point, and how much of an attack systematics span."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from robustag.attacks.labels import perturbation_label
from robustag.plotting.style import FLAVOUR_COLOURS, FLAVOUR_LABELS, stamp, styled

_SPANS = {
    "flavour": "mean moves of the flavour",
    "random_flavour": "as many random directions",
    "jet": "moves of the very jet",
    "other_jet": "those of another jet of the flavour",
    "flipped": "those of the jet, random signs",
    "random_jet": "as many random directions",
}
_KEPT = {
    "projected": ("#0072B2", "part in the span"),
    "rescaled": ("#E69F00", "the same, as long as the attack"),
}


def alignment_table(
    alignment: pd.DataFrame, spans: pd.DataFrame, model: str, discriminator: str
) -> pd.DataFrame:
    """What the figure shows, for one model: means over its seeds.

    Parameters
    ----------
    alignment, spans : DataFrame
        The collected tables.
    model, discriminator : str

    Returns
    -------
    DataFrame
        Columns part (``cosine`` or ``share``), name (scenario or span), of (flavour, or what is kept), value,
        low, high.
    """
    cosines = alignment[(alignment["model"] == model) & (alignment["measure"] == "mean")]
    shares = spans[(spans["model"] == model) & (spans["discriminator"] == discriminator)]
    shares = shares[["span", "kept", "share", "share_low", "share_high"]]
    names = ["name", "of", "value", "low", "high"]
    parts = {
        "cosine": cosines[["scenario", "flavour", "value", "low", "high"]].set_axis(names, axis=1),
        "share": shares.set_axis(names, axis=1),
    }
    return pd.concat(
        [
            part.groupby(["name", "of"], sort=False).mean().reset_index().assign(part=name)
            for name, part in parts.items()
        ],
        ignore_index=True,
    )


@styled
def draw_alignment(table: pd.DataFrame, sample: str) -> Figure:
    """Above, cosines of mean displacements; below, the share of the attack's loss that its parts cause.

    Parameters
    ----------
    table : DataFrame
        From `alignment_table`.
    sample : str
        What was simulated.
    """
    cosines, shares = (table[table["part"] == part] for part in ("cosine", "share"))
    scenarios = list(dict.fromkeys(cosines["name"]))
    spans = [name for name in _SPANS if name in set(shares["name"])]
    rows = [len(scenarios), len(spans)]
    figure = Figure(figsize=(8.0, 2.6 + 0.36 * sum(rows)))
    upper, lower = figure.subplots(2, 1, height_ratios=rows)
    flavours = {f: (FLAVOUR_COLOURS[f], FLAVOUR_LABELS[f]) for f in FLAVOUR_COLOURS}
    _points(upper, cosines, {name: perturbation_label(name) for name in scenarios}, flavours)
    upper.set_xlim(-1, 1)
    upper.axvline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    upper.set_xlabel("cosine of attack and scenario, mean displacements")
    _points(lower, shares, {name: _SPANS[name] for name in spans}, _KEPT)
    lower.set_xlim(left=min(0.0, lower.get_xlim()[0]))
    lower.set_xlabel("share of the attack's AUC loss")
    upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=3)
    lower.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    stamp(upper, upper, sample)
    return figure


def _points(
    axes: Axes, rows: pd.DataFrame, names: Mapping[str, str], kinds: Mapping[str, tuple[str, str]]
) -> None:
    """A row a name, a colour a kind, with their intervals."""
    heights = np.arange(len(names))[::-1]
    height = pd.Series(heights, index=list(names))
    offsets = np.linspace(0.2, -0.2, len(kinds))
    for offset, (kind, (colour, label)) in zip(offsets, kinds.items(), strict=True):
        own = rows[rows["of"] == kind]
        axes.errorbar(
            own["value"],
            own["name"].map(height).astype(float) + offset,
            # An interval of few replicates need not hold its value.
            xerr=np.maximum([own["value"] - own["low"], own["high"] - own["value"]], 0.0),
            color=colour,
            marker="o",
            linestyle="none",
            capsize=2,
            label=label,
        )
    axes.set_yticks(heights, labels=list(names.values()))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.6, len(names) - 0.4)

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
    "flavour": "coherent shifts",
    "random_flavour": "as many random ones",
    "jet": "moves of the jet",
    "random_jet": "as many random ones",
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
    """Left, cosines of mean displacements; right, the share of the attack's loss that its parts cause.

    Parameters
    ----------
    table : DataFrame
        From `alignment_table`.
    sample : str
        What was simulated.
    """
    cosines, shares = (table[table["part"] == part] for part in ("cosine", "share"))
    scenarios = list(dict.fromkeys(cosines["name"]))
    figure = Figure(figsize=(11.5, 2.4 + 0.36 * len(scenarios)))
    left, right = figure.subplots(1, 2, width_ratios=[1.3, 1])
    _points(left, cosines, scenarios, {f: (FLAVOUR_COLOURS[f], FLAVOUR_LABELS[f]) for f in FLAVOUR_COLOURS})
    left.set_yticks(np.arange(len(scenarios))[::-1], labels=[perturbation_label(name) for name in scenarios])
    left.set_xlim(-1, 1)
    left.axvline(0.0, color="black", linewidth=0.8, linestyle=(0, (1, 1)))
    left.set_xlabel("cosine of attack and scenario, mean displacements")
    spans = [name for name in _SPANS if name in set(shares["name"])]
    _points(right, shares, spans, _KEPT)
    right.set_yticks(np.arange(len(spans))[::-1], labels=[_SPANS[name] for name in spans])
    right.set_xlim(left=min(0.0, right.get_xlim()[0]))
    right.set_xlabel("share of the attack's AUC loss")
    for axes in (left, right):
        axes.yaxis.set_minor_locator(NullLocator())
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=3 if axes is left else 1)
    stamp(left, right, sample)
    return figure


def _points(axes: Axes, rows: pd.DataFrame, names: list[str], kinds: Mapping[str, tuple[str, str]]) -> None:
    """A row a name, a colour a kind, with their intervals."""
    height = pd.Series(np.arange(len(names))[::-1], index=names)
    offsets = np.linspace(0.2, -0.2, len(kinds))
    for offset, (kind, (colour, label)) in zip(offsets, kinds.items(), strict=True):
        own = rows[rows["of"] == kind]
        # A percentile interval of few replicates need not hold its value.
        errors = np.maximum([own["value"] - own["low"], own["high"] - own["value"]], 0.0)
        axes.errorbar(
            own["value"],
            own["name"].map(height).astype(float) + offset,
            xerr=errors,
            color=colour,
            marker="o",
            linestyle="none",
            capsize=2,
            label=label,
        )
    axes.set_ylim(-0.6, len(names) - 0.4)

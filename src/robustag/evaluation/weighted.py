"""Variations that are weights of the nominal jets: how much of the sample their weights leave."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from robustag.evaluation import VARIED

ENOUGH = 0.5
"""Share of the jets that has to be left, below which a few jets with large weights decide."""


def effective_shares(metrics: pd.DataFrame, variations: Sequence[str]) -> dict[str, float]:
    """What share of the jets each variation is worth, by the effective numbers of its areas.

    Parameters
    ----------
    metrics : DataFrame
        perturbation, metric, epsilon and n, of one model or of several.
    variations : sequence of str
        Those that are weights.

    Returns
    -------
    dict
        Variation to the smallest share among the discriminators.
    """
    rows = metrics[(metrics["metric"] == "auc") & metrics["perturbation"].isin(list(variations))]
    if rows.empty:
        return {}
    number = rows.groupby(["perturbation", "discriminator", "epsilon"])["n"].mean().unstack("epsilon")
    share = (number[VARIED] / number[0.0]).groupby(level="perturbation").min()
    return {name: float(share[name]) for name in variations if name in share}


def too_few(shares: Mapping[str, float]) -> Iterator[str]:
    """A line for each variation whose weights do not leave enough jets."""
    for name, share in shares.items():
        if share < ENOUGH:
            yield (
                f"the weights of {name} leave {share:.0%} of the jets: a few of them decide its numbers, "
                "whose errors are rough; vary less, or simulate it again"
            )

"""What claims ask of many jets: a number of each, or a statistic with its bootstrap replicates."""

import pandas as pd

from robustag.claims.evidence import Evidence
from robustag.claims.quantities import measured
from robustag.evaluation.differences import Measurement

_NONE = float("nan")


def per_jet(jets: pd.DataFrame, column: str) -> pd.DataFrame:
    """A quantity [jet, seed] of one model; a jet that lacks it in any training is left out."""
    return jets.pivot(index="jet", columns="seed", values=column).dropna()


def median_over_jets(
    evidence: Evidence, model: str, statistic: str, flavour: str = "all", epsilon: float = _NONE
) -> Measurement | None:
    """The median of a surface statistic over jets of a flavour; None where the study lacks it.

    `epsilon` is that of the FGSM step that the statistic is about, if it is about one.
    """
    rows = evidence.rows(
        "surface_statistics",
        model=model,
        flavour=flavour,
        statistic=statistic,
        summary="median",
        epsilon=epsilon,
    )
    return None if rows.empty else measured(rows)

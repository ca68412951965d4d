"""Tests of the claims about the shape of the loss in the plane of two inputs."""

import pandas as pd

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import Quantity, Sampled
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.classes import B
from robustag.evaluation.reading import PLANE


def attack_direction_is_diagonal(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C14: both inputs share the nominal loss's slope; the adversarial one is flat along one of them.

    Decided by the mean over b jets of smaller over larger slope. All jets, the interaction term and the
    single jet of the loss plane support it.
    """
    jets = evidence.rows("geometry")
    if not set(evidence.models) <= set(jets["model"]):
        return [untestable("slopes over many jets", "the study has no geometry of both models")]
    b_jets = jets[jets["label"] == B]
    ratio = "mean ratio of smaller to larger slope"
    mixed = "mean size of the mixed difference over the range of the loss"
    minus = "nominal minus adversarial"
    return [
        _compared(f"{ratio}, b jets: {minus}", b_jets, "grad_ratio", evidence, True),
        _compared(f"{ratio}, all jets: {minus}", jets, "grad_ratio", evidence),
        _compared(f"{mixed}, b jets: {minus}", b_jets, "interaction", evidence),
        _single_jet(evidence),
    ]


def one_view_is_not_enough(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C15: a step along two inputs changes the nominal loss notably more than one along the steeper of them.

    The smaller over the larger slope is what the second adds: "much smaller" than 1 if one view was enough.
    Supported by the interaction, which no two one-dimensional views can show.
    """
    values = per_jet(evidence.rows("geometry", model=evidence.nominal), "grad_ratio")
    together = f"share that the second of {_axes(evidence)} adds to the change of the loss by the first"
    if len(values) < 2:
        return [untestable(together, "the study has no geometry of the nominal model")]
    return [
        find(
            f"{together}, nominal model",
            Sampled(values),
            {"jets": len(values)},
            threshold=1 / settings.much_smaller,
        ),
        _compared(
            "interaction over the range of the loss, all jets: nominal minus adversarial",
            evidence.rows("geometry"),
            "interaction",
            evidence,
        ),
    ]


def plane_shape(plane: pd.DataFrame) -> dict[str, float]:
    """Numbers of one loss plane, each relative to the mean loss of its corners.

    Parameters
    ----------
    plane
        delta_x, delta_y, loss on a rectangular grid.

    Returns
    -------
    dict
        ``change_x``, ``change_y``: change of the loss across the plane along each input, mean of the two
        edges; ``interaction``: L(+,+) - L(+,-) - L(-,+) + L(-,-).
    """
    grid = plane.pivot(index="delta_x", columns="delta_y", values="loss").to_numpy()
    low_low, low_high, high_low, high_high = grid[0, 0], grid[0, -1], grid[-1, 0], grid[-1, -1]
    mean = (low_low + low_high + high_low + high_high) / 4
    return {
        "change_x": float((high_low + high_high - low_low - low_high) / 2 / mean),
        "change_y": float((low_high + high_high - low_low - high_low) / 2 / mean),
        "interaction": float((high_high - high_low - low_high + low_low) / mean),
    }


def _axes(evidence: Evidence) -> str:
    """Names of the two inputs along which slopes are taken: those of the first plane."""
    planes = evidence.rows("planes")
    if planes.empty:
        return "two inputs"
    return " and ".join(planes[["feature_x", "feature_y"]].iloc[0])


def per_jet(jets: pd.DataFrame, column: str) -> pd.DataFrame:
    """A quantity [jet, seed] of one model; a jet that lacks it in any training is left out."""
    return jets.pivot(index="jet", columns="seed", values=column).dropna()


def _compared(
    quantity: str,
    jets: pd.DataFrame,
    column: str,
    evidence: Evidence,
    deciding: bool = False,
) -> Finding:
    """Compare a per-jet quantity between the two models, jet by jet and seed by seed."""
    # A jet with a flat loss in any training has no direction to compare.
    values = [per_jet(jets[jets["model"] == model], column) for model in evidence.models]
    nominal, adversarial = (part.loc[values[0].index.intersection(values[1].index)] for part in values)
    difference = (nominal - adversarial).dropna(axis="columns")
    if len(difference) < 2:
        return untestable(quantity, "fewer than two jets have a slope in every training", deciding)
    numbers: dict[str, Quantity | float] = {
        "nominal": Sampled(nominal),
        "adversarial": Sampled(adversarial),
        "jets": len(difference),
    }
    return find(quantity, Sampled(difference), numbers, deciding=deciding, compares=True)


def _single_jet(evidence: Evidence) -> Finding:
    """The interaction term of the one jet that the figure shows; its only error is from the seeds."""
    quantity = "size of the interaction over the loss, the single jet's plane: nominal minus adversarial"
    planes = evidence.rows("planes")
    if not set(evidence.models) <= set(planes["model"]):
        return untestable(quantity, "the study has no plane of both models", False)
    shown = planes.merge(planes[PLANE].head(1), on=PLANE)
    shapes = {
        role: pd.DataFrame({seed: plane_shape(plane) for seed, plane in trainings.groupby("seed")})
        for role, model in zip(("nominal", "adversarial"), evidence.models, strict=True)
        for trainings in [shown[shown["model"] == model]]
    }
    sizes = {role: shape.loc[["interaction"]].abs() for role, shape in shapes.items()}
    feature_x, feature_y = shown[["feature_x", "feature_y"]].iloc[0]
    names = {
        "change_x": f"change along {feature_x}",
        "change_y": f"change along {feature_y}",
        "interaction": "interaction",
    }
    numbers = {
        f"{name} ({role})": Sampled(shape.loc[[row]])
        for row, name in names.items()
        for role, shape in shapes.items()
    }
    difference = Sampled(sizes["nominal"] - sizes["adversarial"])
    return find(quantity, difference, numbers, deciding=False, compares=True, one_jet=True)

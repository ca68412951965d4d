"""Tests of the claims about the shape of the loss in the plane of two inputs."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from robustag.claims.evidence import Evidence, Settings
from robustag.claims.verdict import Finding, Number, judge, total_error, untestable
from robustag.classes import B

GEOMETRY_COLUMNS = ["model", "seed", "jet", "label", "grad_ratio", "mixed_difference", "loss_range"]
_PLANE = ["jets", "kind", "feature_x", "feature_y"]
PLANE_COLUMNS = ["model", "seed", *_PLANE, "delta_x", "delta_y", "loss"]

Quantity = Callable[[pd.DataFrame], np.ndarray]


def attack_direction_is_diagonal(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C14: both inputs share the nominal loss's slope; the adversarial one is flat along one of them.

    Decided by the mean over b jets of smaller over larger slope. All jets, the interaction term and the
    single jet of the loss plane support it.
    """
    jets = evidence.geometry
    if not {evidence.nominal, evidence.adversarial} <= set(jets["model"]):
        return [untestable("slopes over many jets", "the study has no geometry of both models")]
    b_jets = jets[jets["label"] == B]
    ratio = "mean ratio of smaller to larger slope"
    mixed = "mean size of the mixed difference over the range of the loss"
    return [
        _over_jets(
            f"{ratio}, b jets: nominal minus adversarial", b_jets, _slope_ratio, evidence, settings, True
        ),
        _over_jets(
            f"{ratio}, all jets: nominal minus adversarial", jets, _slope_ratio, evidence, settings, False
        ),
        _over_jets(
            f"{mixed}, b jets: nominal minus adversarial", b_jets, _interaction, evidence, settings, False
        ),
        _single_jet(evidence, settings),
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


def _slope_ratio(jets: pd.DataFrame) -> np.ndarray:
    return jets["grad_ratio"].to_numpy(float)


def _interaction(jets: pd.DataFrame) -> np.ndarray:
    """|mixed difference| over the range of the loss in the jet's own plane; NaN where the loss is flat."""
    spread = jets["loss_range"].to_numpy(float)
    mixed = np.abs(jets["mixed_difference"].to_numpy(float))
    return np.divide(mixed, spread, out=np.full(len(spread), np.nan), where=spread > 0)


def _over_jets(
    quantity: str,
    jets: pd.DataFrame,
    measure: Quantity,
    evidence: Evidence,
    settings: Settings,
    deciding: bool,
) -> Finding:
    """Compare a per-jet quantity between the two models, jet by jet and seed by seed."""
    values = jets.assign(quantity=measure(jets)).pivot(
        index="jet", columns=["model", "seed"], values="quantity"
    )
    # A jet with a flat loss in any training has no direction to compare.
    values = values[[evidence.nominal, evidence.adversarial]].dropna()
    if len(values) < 2:
        return untestable(quantity, "fewer than two jets have a slope in every training", deciding)
    nominal, adversarial = values[evidence.nominal], values[evidence.adversarial]
    seeds = nominal.columns.intersection(adversarial.columns)
    difference = nominal[seeds] - adversarial[seeds]
    return _finding(
        quantity,
        difference.mean().to_numpy(),
        float(difference.mean(axis=1).std(ddof=1) / np.sqrt(len(difference))),
        (
            _number("nominal", nominal),
            _number("adversarial", adversarial),
            Number("jets", len(values), float("nan")),
        ),
        settings,
        deciding,
    )


def _single_jet(evidence: Evidence, settings: Settings) -> Finding:
    """The interaction term of the one jet that the figure shows; its only error is from the seeds."""
    quantity = "size of the interaction over the loss, the single jet's plane: nominal minus adversarial"
    if not {evidence.nominal, evidence.adversarial} <= set(evidence.planes["model"]):
        return untestable(quantity, "the study has no plane of both models", False)
    # The table begins with the plane of the papers.
    shown = evidence.planes.merge(evidence.planes[_PLANE].head(1), on=_PLANE)
    planes = {
        role: shown[shown["model"] == model].groupby("seed", sort=True)
        for role, model in (("nominal", evidence.nominal), ("adversarial", evidence.adversarial))
    }
    shapes = {
        role: pd.DataFrame([plane_shape(plane) for _, plane in trainings])
        for role, trainings in planes.items()
    }
    differences = shapes["nominal"]["interaction"].abs() - shapes["adversarial"]["interaction"].abs()
    feature_x, feature_y = shown[["feature_x", "feature_y"]].iloc[0]
    names = {
        "change_x": f"change along {feature_x}",
        "change_y": f"change along {feature_y}",
        "interaction": "interaction",
    }
    numbers = tuple(
        Number(f"{name} ({role})", float(shape[column].mean()), _standard_error(shape[column].to_numpy()))
        for column, name in names.items()
        for role, shape in shapes.items()
    )
    return _finding(quantity, differences.to_numpy(), float("nan"), numbers, settings, False)


def _finding(
    quantity: str,
    by_seed: np.ndarray,
    statistical: float,
    numbers: tuple[Number, ...],
    settings: Settings,
    deciding: bool,
) -> Finding:
    effect, seed = float(by_seed.mean()), _standard_error(by_seed)
    return Finding(
        quantity=quantity,
        effect=effect,
        statistical=statistical,
        seed=seed,
        seeds=len(by_seed),
        threshold=0.0,
        deciding=deciding,
        verdict=judge(effect, total_error(statistical, seed, len(by_seed), True), 0.0, settings.significance),
        compares=True,
        numbers=numbers,
    )


def _number(name: str, values: pd.DataFrame) -> Number:
    """Mean over jets and seeds of values [jet, seed], with its total error."""
    statistical = float(values.mean(axis=1).std(ddof=1) / np.sqrt(len(values)))
    seed = _standard_error(values.mean().to_numpy())
    return Number(name, float(values.mean().mean()), float(np.hypot(statistical, np.nan_to_num(seed))))


def _standard_error(by_seed: np.ndarray) -> float:
    return float(by_seed.std(ddof=1) / np.sqrt(len(by_seed))) if len(by_seed) > 1 else float("nan")

"""The corners of the loss plane beside the numbers of the papers' authors."""

from collections.abc import Sequence

import pandas as pd

from robustag.evaluation.reading import pick
from robustag.plotting.options import Pair
from robustag.plotting.style import paired_models

#: Losses at the corners (low pT, low eta), (low, high), (high, low), (high, high) of one b jet, pT 29.70 to
#: 42.28 GeV and eta -0.17 to 1.19, from the output of the authors' notebook of arXiv:2303.14511.
PUBLISHED = {
    "nominal": (6.1827e-6, 5.8401e-6, 5.9253e-6, 5.5228e-6),
    "adversarial": (7.0979e-6, 7.0880e-6, 7.5517e-6, 7.5481e-6),
}
CORNERS = ("low_low", "low_high", "high_low", "high_high")


def corner_table(planes: pd.DataFrame, pairs: Sequence[Pair], *, published: bool) -> pd.DataFrame:
    """Corners of the first plane, for every training and as published.

    Parameters
    ----------
    planes : DataFrame
        The planes, columns `robustag.plotting.surface.jet.PLANE_COLUMNS`.
    pairs : sequence of Pair
        The compared models.
    published : bool
        Whether the first plane is that of the papers, of jet pT and eta; of another nothing is published.

    Returns
    -------
    DataFrame
        source (published or the arms of the model), role, seed (0 for published); low_x, high_x, low_y,
        high_y (range of the plane); the losses `CORNERS`, first word along x; change_x, change_y: relative
        change of the loss along each input, from low to high, mean of both edges; max_over_min minus 1;
        mixed: L(high, high) -
        L(high, low) - L(low, high) + L(low, low) over the mean of the corners.
    """
    key = ["jets", "kind", "feature_x", "feature_y"]
    shown = planes.merge(planes[key].head(1), on=key)
    ranges = {"low_x": 29.70, "high_x": 42.28, "low_y": -0.17, "high_y": 1.19}
    rows = [
        {"source": "published", "role": role, "seed": 0, **ranges, **_shape(losses)}
        for role, losses in (PUBLISHED if published else {}).items()
    ]
    for model in paired_models(pairs):
        for seed, plane in pick(shown, "planes", model=model.name).groupby("seed"):
            grid = plane.pivot(index="x", columns="y", values="loss")
            losses = tuple(grid.iloc[i, j] for i in (0, -1) for j in (0, -1))
            ends = (*grid.index[[0, -1]], *grid.columns[[0, -1]])
            rows.append(
                {
                    "source": model.arm,
                    "role": model.role,
                    "seed": seed,
                    **dict(zip(ranges, ends, strict=True)),
                    **_shape(losses),
                }
            )
    return pd.DataFrame(rows)


def _shape(losses: Sequence[float]) -> dict[str, float]:
    low_low, low_high, high_low, high_high = losses
    return {
        **dict(zip(CORNERS, losses, strict=True)),
        "change_x": (high_low / low_low + high_high / low_high) / 2 - 1,
        "change_y": (low_high / low_low + high_high / high_low) / 2 - 1,
        "max_over_min": max(losses) / min(losses) - 1,
        "mixed": (high_high - high_low - low_high + low_low) / (sum(losses) / 4),
    }

"""What a perturbation costs, beside how many jets of data would show it."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from robustag.classes import CLASSES, DISCRIMINATED

#: The tests of the distances table, by what sees the perturbation.
TESTS = {
    "needed_by_input": "input",
    "needed_by_correlation": "correlation",
    "needed_by_classifier": "classifier",
}
#: Columns of a harm, by its metric.
HARMS = {"auc": "auc", "fixed_cut_efficiency": "efficiency", "fixed_cut_mistag": "mistag"}
#: Columns of the share of rightly judged jets that are fooled, by the distance.
FOOLED = ("fooled", "fooled_unflagged")
ROLES = ("signal", "background")
_CASE = ["kind", "perturbation", "epsilon"]


def undetected(
    verdicts: pd.DataFrame,
    distances: pd.DataFrame,
    pairs: Sequence[Mapping[str, str]],
    discriminator: str,
    working_point: float,
) -> pd.DataFrame:
    """Harm to every compared model and jets needed to see it, of all perturbations whose distances are known.

    Parameters
    ----------
    verdicts : DataFrame
        Of `robustag.evaluation.verdicts`.
    distances : DataFrame
        The collected table. Attacks are those on the first training; no model makes scenarios.
    pairs : sequence of mapping
        label, nominal and adversarial.
    discriminator : str
    working_point : float
        Mis-tag rate on clean jets of the cut.

    Returns
    -------
    DataFrame
        model, kind, perturbation, epsilon; ``mistag``, ``efficiency`` and ``auc``, the harms (see
        `Measurements.harm`), each with its error; ``fooled_signal``, ``fooled_unflagged_signal`` and the same
        of the background, of the first training, with their ends ``_low`` and ``_high``
        (`robustag.evaluation.distances.fooled`); ``sample``, all jets or a flavour; ``by``, what sees it
        (``any``: whichever needs the fewest jets); ``input``, which one or two; ``jets`` of data, and as many
        of simulation, between ``low`` and ``high``: infinite where these jets do not show it, and more than
        ``low`` with 95 % confidence.
    """
    harms = pd.concat(_harms(verdicts, pairs, discriminator, working_point), ignore_index=True)
    rows = distances[distances["distance"].isin(TESTS)].rename(columns={"flavour": "sample", "value": "jets"})
    rows = rows.assign(by=rows["distance"].map(TESTS))
    rows = rows[["model", *_CASE, "sample", "by", "input", "jets", "low", "high"]]
    seeds = rows.drop_duplicates(["model", *_CASE, "sample", "by"])
    needed = pd.concat([seeds, _fewest(seeds)], ignore_index=True)
    of_models = [
        needed[needed["model"].isin([name, ""])].assign(model=name) for name in harms["model"].unique()
    ]
    harms = harms.merge(_fooled(distances, discriminator), how="left", on=["model", *_CASE])
    found = harms.merge(pd.concat(of_models), on=["model", *_CASE])
    return found.sort_values(["model", *_CASE, "sample", "by"], ignore_index=True)


def _harms(
    verdicts: pd.DataFrame, pairs: Sequence[Mapping[str, str]], discriminator: str, working_point: float
) -> Iterator[pd.DataFrame]:
    """One row for every model and perturbation."""
    at = np.isclose(verdicts["working_point"], working_point) | verdicts["working_point"].isna()
    rows = verdicts[at & (verdicts["discriminator"] == discriminator) & verdicts["metric"].isin(HARMS)]
    seen: set[str] = set()
    for pair in pairs:
        for role in ("nominal", "adversarial"):
            if pair[role] in seen:
                continue
            seen.add(pair[role])
            own = rows[rows["pair"] == pair["label"]]
            wide = own.pivot(index=_CASE, columns="metric", values=[role, f"{role}_error"])
            columns = {}
            for metric, name in HARMS.items():
                columns[name] = wide[role, metric]
                columns[f"{name}_error"] = wide[f"{role}_error", metric]
            yield pd.DataFrame(columns).reset_index().assign(model=pair[role])


def _fooled(distances: pd.DataFrame, discriminator: str) -> pd.DataFrame:
    """One row for every model and perturbation of which it is known; columns always the same."""
    roles = dict(zip((CLASSES[flavour] for flavour in DISCRIMINATED[discriminator]), ROLES, strict=True))
    rows = distances[distances["distance"].isin(FOOLED) & distances["flavour"].isin(roles)]
    columns = [f"{distance}_{role}" for distance in FOOLED for role in ROLES]
    name = rows["distance"] + "_" + rows["flavour"].map(roles)
    wide = rows.assign(name=name).pivot(
        index=["model", *_CASE], columns="name", values=["value", "low", "high"]
    )
    of = {"value": "", "low": "_low", "high": "_high"}
    flat = {f"{column}{suffix}": wide.get((end, column)) for column in columns for end, suffix in of.items()}
    return pd.DataFrame(flat, index=wide.index).astype(float).reset_index()


def _fewest(needed: pd.DataFrame) -> pd.DataFrame:
    """For every sample of a perturbation the test that needs the fewest jets; of limits the lowest."""
    order = needed.sort_values(["jets", "low"], kind="stable")
    return order.drop_duplicates(["model", *_CASE, "sample"]).assign(by="any")

"""Efficiencies with an envelope over mismodellings, as a file that an analysis loads with correctionlib."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

#: Rate of the bins table -> what its corrections are called.
RATES = {"fixed_cut_efficiency": "efficiency", "fixed_cut_mistag": "mistag"}


def envelope(bins: pd.DataFrame, models: Sequence[str], discriminators: Sequence[str]) -> pd.DataFrame:
    """Central value and envelope over scenarios of every rate at a fixed cut, in bins of pT.

    Passing and all jets are added over training seeds. A scenario's shift is the difference to the same
    scenario's clean jets, at its largest strength; the envelope reaches from the lowest to the highest shift,
    zero included, and attacks do not enter. A bin without jets takes the numbers of all bins together.

    Parameters
    ----------
    bins : DataFrame
        The collected table.
    models, discriminators : sequence of str

    Returns
    -------
    DataFrame
        Columns model, discriminator, metric, working_point, bin_low, bin_high, ``systematic`` (``central``;
        ``up`` and ``down``, the ends of the envelope; ``statistical_up`` and ``statistical_down``, one
        binomial standard deviation of one training's jets; each scenario by its name), ``value`` in [0, 1].
    """
    chosen = bins[(bins["kind"] == "scenario") & (bins["variable"] == "pt")]
    chosen = chosen[chosen["model"].isin(models) & chosen["discriminator"].isin(discriminators)]
    last = chosen.groupby("perturbation")["epsilon"].transform("max")
    chosen = chosen.assign(varied=chosen["epsilon"] > 0)[
        chosen["epsilon"].isin([0.0]) | (chosen["epsilon"] == last)
    ]
    rate = ["model", "discriminator", "metric", "working_point"]
    cell = [*rate, "bin_low", "bin_high"]
    counts = chosen.groupby([*cell, "perturbation", "varied"], sort=False)[["passed", "total"]].sum()
    whole = counts.groupby([*rate, "perturbation", "varied"]).transform("sum")
    counts = counts.where(counts["total"] > 0, whole)
    share = (counts["passed"] / counts["total"]).unstack("varied")
    shift = (share[True] - share[False]).unstack("perturbation")
    clean = counts.xs(False, level="varied").groupby(level=cell, sort=False).max()
    central = clean["passed"] / clean["total"]
    trainings = (
        chosen.groupby("model")["seed"].nunique().reindex(central.index.get_level_values("model")).to_numpy()
    )
    error = np.sqrt(central * (1 - central) / (clean["total"] / trainings))
    values = {
        **{name: central + shift[name] for name in shift},
        "central": central,
        "up": central + shift.max(axis=1).clip(lower=0),
        "down": central + shift.min(axis=1).clip(upper=0),
        "statistical_up": central + error,
        "statistical_down": central - error,
    }
    table = pd.DataFrame(values).clip(0.0, 1.0)
    table.columns.name = "systematic"
    return table.stack().rename("value").reset_index()


def correction_set(table: pd.DataFrame, study: str) -> dict:
    """The envelope as a correctionlib document, schema version 2.

    One correction for each model, discriminator and rate, called ``{model}_{discriminator}_{rate}``: a
    function of ``systematic``, ``working_point`` (its mis-tag rate on clean jets, as text) and ``pt`` in GeV;
    jets beyond the bins take the outermost.
    """
    corrections = [
        _correction(f"{model}_{discriminator}_{RATES[metric]}", rows)
        for (model, discriminator, metric), rows in table.groupby(
            ["model", "discriminator", "metric"], sort=False
        )
    ]
    return {
        "schema_version": 2,
        "description": f"Tagging rates of study '{study}' with an envelope over mismodellings",
        "corrections": corrections,
    }


def _correction(name: str, rows: pd.DataFrame) -> dict:
    inputs = {
        "systematic": ("string", "central, up, down, statistical_up, statistical_down or a scenario"),
        "working_point": ("string", "mis-tag rate of the working point on clean jets"),
        "pt": ("real", "transverse momentum of the jet in GeV"),
    }
    return {
        "name": name,
        "version": 1,
        "inputs": [{"name": key, "type": kind, "description": text} for key, (kind, text) in inputs.items()],
        "output": {"name": "rate", "type": "real"},
        "data": _category("systematic", rows, lambda part: _category("working_point", part, _binning)),
    }


def _category(column: str, rows: pd.DataFrame, content: Callable[[pd.DataFrame], dict]) -> dict:
    text = rows[column].map(lambda key: key if isinstance(key, str) else f"{key:g}")
    return {
        "nodetype": "category",
        "input": column,
        "content": [{"key": key, "value": content(part)} for key, part in rows.groupby(text, sort=False)],
    }


def _binning(rows: pd.DataFrame) -> dict:
    rows = rows.sort_values("bin_low")
    return {
        "nodetype": "binning",
        "input": "pt",
        "edges": [*rows["bin_low"].tolist(), float(rows["bin_high"].iloc[-1])],
        "content": [round(value, 7) for value in rows["value"].tolist()],
        "flow": "clamp",
    }

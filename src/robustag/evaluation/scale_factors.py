"""How well a tagger can be calibrated: what the known sources of uncertainty do to its rates at fixed cuts.

A scale factor is the rate in data over the rate in simulation. Its uncertainty from one source is the
relative change of the rate for one standard deviation of the source's nuisance parameter. What the errors of
the changes add to it is taken away, and only sources whose effect is significant make the total: neither many
sources without effect nor small samples make a tagger look badly known.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.evaluation.differences import Measurement
from robustag.evaluation.discriminators import DISCRIMINATORS
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.significance import answer, holm, level
from robustag.mismodelling.sources import Source

#: What the quadratic sum over the resolved sources is called among them.
TOTAL = "total"
SMALLER, LARGER = "smaller", "larger"
#: Rate at a fixed cut -> role of its jets in the discriminator.
RATES = {"fixed_cut_efficiency": "signal", "fixed_cut_mistag": "background"}
#: What identifies a rate of a model.
RATE = ["discriminator", "metric", "working_point"]
BIN = ["bin_low", "bin_high"]


def shown_rates(discriminators: Sequence[str]) -> list[tuple[str, str]]:
    """The rates of one tagger, as (discriminator, metric).

    The efficiency of the first discriminator, and the mis-tag rate of each with the same signal.
    """
    chosen = [one for name in discriminators for one in DISCRIMINATORS if one.name == name]
    alike = sorted((one for one in chosen if one.signal == chosen[0].signal), key=lambda one: one.background)
    return [
        (chosen[0].name, "fixed_cut_efficiency"),
        *((one.name, "fixed_cut_mistag") for one in alike),
    ]


def of_rates(table: pd.DataFrame, rates: Collection[tuple[str, str]]) -> pd.DataFrame:
    """The rows of a table of these rates, as (discriminator, metric)."""
    return table[pd.MultiIndex.from_frame(table[["discriminator", "metric"]]).isin(rates)]


def flavour_of(discriminator: str, metric: str) -> int:
    """The flavour whose rate it is: 0 = b, 1 = c, 2 = light."""
    return next(getattr(one, RATES[metric]) for one in DISCRIMINATORS if one.name == discriminator)


def rate_title(discriminator: str, metric: str) -> str:
    """What pages and figures call a rate.

    >>> rate_title("BvL", "fixed_cut_mistag")
    'light mis-tag, BvL'
    """
    kind = "efficiency" if metric == "fixed_cut_efficiency" else "mis-tag"
    return f"{CLASSES[flavour_of(discriminator, metric)]} {kind}, {discriminator}"


NOTHING = Measurement((0,), np.zeros(1), np.zeros((1, 2)))
"""What does not scatter."""


class Uncertainty(NamedTuple):
    """A relative uncertainty.

    Attributes
    ----------
    square
        Its square, without the squared errors of the changes that it comes from: below zero where these
        are larger than the changes.
    size
        The uncertainty as measured, with them.
    gradient
        A measurement that scatters as the square does.
    """

    square: float
    size: float
    gradient: Measurement

    @classmethod
    def of(cls, changes: Mapping[str, Sequence[Measurement]]) -> "Uncertainty":
        """The quadratic sum over sources.

        Parameters
        ----------
        changes : mapping of str to sequence of Measurement
            Source to the relative changes for one standard deviation, of one or more perturbations that stand
            for it: both sides, or alternatives. Of these the mean square counts.

        Notes
        -----
        The square of a measured change is on average the square of the true one and that of its error.
        """
        weighted = [(each, 1.0 / len(own)) for own in changes.values() for each in own]
        if not weighted:
            return cls(0.0, 0.0, NOTHING)
        measured = sum(weight * each.mean**2 for each, weight in weighted)
        noise = sum(weight * each.total**2 for each, weight in weighted)
        slopes = [(each, 2.0 * weight * each.mean) for each, weight in weighted]
        gradient = Measurement(
            weighted[0][0].seeds,
            np.sum([slope * each.values for each, slope in slopes], axis=0),
            np.sum([slope * each.replicates for each, slope in slopes], axis=0),
        )
        return cls(measured - noise, float(np.sqrt(measured)), gradient)

    @property
    def value(self) -> float:
        """The uncertainty; 0 where errors could be all of it."""
        return float(np.sqrt(np.maximum(self.square, 0.0)))

    @property
    def exists(self) -> bool:
        """Whether it is a number and has an error: a rate of zero has no relative change."""
        return bool(np.isfinite([self.square, self.gradient.total]).all())

    def is_resolved(self, significance: float) -> bool:
        """Whether the uncertainty as measured is significant in these trainings."""
        p = self.gradient.p_value_of(2.0 * self.size**2, these_trainings=True)
        return self.size > 0 and p < level(significance)

    @property
    def linear(self) -> Measurement:
        """The uncertainty as a measurement: its value, which scatters as its error says."""
        scale = 2.0 * self.size if self.size else 1.0
        slopes, mean = self.gradient, self.gradient.mean
        return Measurement(
            slopes.seeds,
            self.value + (slopes.values - mean) / scale,
            self.value + (slopes.replicates - mean) / scale,
        )

    @property
    def error(self) -> float:
        """Its error, that of the uncertainty as measured."""
        return self.gradient.total / (2.0 * self.size) if self.size else 0.0


def compare(
    metrics: pd.DataFrame,
    pairs: Sequence[Mapping[str, str]],
    discriminators: Sequence[str],
    sources: Mapping[str, Source],
    significance: float,
    *,
    together: bool = False,
    share: float = 1.0,
) -> pd.DataFrame:
    """The uncertainties of nominal and adversarial models, over all pT.

    Parameters
    ----------
    metrics : DataFrame
        The collected table.
    pairs : sequence of mapping
        label, nominal and adversarial.
    discriminators : sequence of str
    sources : mapping of str to Source
        Scenario to source (`robustag.mismodelling.sources.calibrated_sources`); each counts at its largest
        strength.
    significance : float
        What counts as an effect, in standard deviations of a normal distribution; see
        `robustag.evaluation.significance`.
    together : bool
        Whether all pairs answer one question: their tests are then one family, and the totals of all models
        have the same sources, those with a significant effect on any of them.
    share : float
        Of the nominal uncertainty, with which the adversarial one is compared: 0.8 asks for one that is
        smaller by a fifth.

    Returns
    -------
    DataFrame
        Columns pair, discriminator, metric, flavour (as `flavour_of`), working_point, source (its name, or
        `TOTAL`); ``resolved``: whether its effect on one of the two models is significant, and the total of
        both has it; ``nominal`` and ``adversarial``, relative uncertainties, and ``difference``, nominal (the
        share of it) minus adversarial, each followed by its error, paired over events and trainings; ``p`` of
        the difference, corrected for the number of tests (Holm; the totals of a pair at one working point are
        a family, and so are the sources), NaN for models that were trained once; ``answer``: what adversarial
        training makes of the uncertainty.
    """
    rows = metrics[(metrics["kind"] == "scenario") & metrics["metric"].isin(list(RATES))]
    rows = rows[rows["discriminator"].isin(discriminators) & rows["perturbation"].isin(list(sources))]
    measured = Measurements(rows)
    table = []
    for rate, of_rate in rows.groupby(RATE, sort=False):
        named = dict(zip(RATE, rate, strict=True))
        found = {
            str(model): changes_by_source(
                _changes(measured, of_model, {"model": model, **named}, sources), sources
            )
            for model, of_model in of_rate.groupby("model", sort=False)
        }
        alone = {
            model: {source: Uncertainty.of({source: own}) for source, own in changes.items()}
            for model, changes in found.items()
        }
        for pair in pairs:
            front = {"pair": pair["label"], **named, "flavour": flavour_of(rate[0], rate[1])}
            both = pair["nominal"], pair["adversarial"]
            resolved = _resolved([alone[model] for model in (alone if together else both)], significance)
            for source in alone[both[0]]:
                row = {"source": source, "resolved": source in resolved}
                table.append(
                    front | row | uncertainty_difference(share, *(alone[model][source] for model in both))
                )
            totals = [Uncertainty.of({name: found[model][name] for name in resolved}) for model in both]
            row = {"source": TOTAL, "resolved": bool(resolved)}
            table.append(front | row | uncertainty_difference(share, *totals))
    found = pd.DataFrame(table)
    family = [found["working_point"], found["source"] == TOTAL, *([] if together else [found["pair"]])]
    found["p"] = found.groupby(family)["p"].transform(holm)
    found["answer"] = [
        answer(difference, p, level(significance), SMALLER, LARGER)
        for difference, p in found[["difference", "p"]].to_numpy()
    ]
    return found


def _resolved(models: Sequence[Mapping[str, Uncertainty]], significance: float) -> list[str]:
    """Sources that have an effect on any of some models, and one that exists on all."""
    return [
        source
        for source in models[0]
        if all(each[source].exists for each in models)
        and any(each[source].is_resolved(significance) for each in models)
    ]


def _changes(
    measured: Measurements, rows: pd.DataFrame, named: Mapping[str, Any], sources: Mapping[str, Source]
) -> dict[str, Measurement]:
    """Perturbation to the relative change of one rate, each at its largest strength."""
    return {
        str(name): measured.relative_change(perturbation=str(name), epsilon=float(largest), **named)
        for name, largest in rows.groupby("perturbation", sort=False)["epsilon"].max().items()
        if name in sources
    }


def resolved_sources(compared: pd.DataFrame) -> dict[tuple, set[str]]:
    """The values of `RATE` to the sources whose effect is significant; `compared` is from `compare`."""
    rows = compared[compared["resolved"] & (compared["source"] != TOTAL)]
    return {rate: set(names) for rate, names in rows.groupby(RATE)["source"]}


def changes_of_rates(
    metrics: pd.DataFrame,
    models: Sequence[str],
    rates: Sequence[tuple[str, str]],
    sources: Mapping[str, Source],
    resolved: Mapping[tuple, set[str]],
) -> Iterator[tuple[dict[str, Any], dict[str, dict[str, Measurement]]]]:
    """What perturbations do to rates at every working point.

    Parameters
    ----------
    metrics : DataFrame
        The collected table.
    models : sequence of str
    rates : sequence of tuple of str
        Discriminator and metric, as of `shown_rates`.
    sources : mapping of str to Source
        The perturbations wanted, each at its largest strength.
    resolved : mapping of tuple to set of str
        `resolved_sources`; what others do to a rate is noise, and left out.

    Yields
    ------
    dict
        The rate, by the names of `RATE`, and its flavour.
    dict
        Model to perturbation to relative change; a perturbation that leaves any model without a number or
        without an error is left out.
    """
    rows = metrics[metrics["perturbation"].isin(list(sources)) & metrics["model"].isin(list(models))]
    rows = of_rates(rows, rates)
    measured = Measurements(rows)
    for rate, of_rate in rows.groupby(RATE, sort=False):
        named_rate = dict(zip(RATE, rate, strict=True))
        found = {
            model: _changes(measured, of_rate, {"model": model, **named_rate}, sources) for model in models
        }
        known = [
            name
            for name in found[models[0]]
            if sources[name].name in resolved.get(rate, ())
            and all(
                np.isfinite([of_model[name].mean, of_model[name].total]).all() for of_model in found.values()
            )
        ]
        flavour = flavour_of(named_rate["discriminator"], named_rate["metric"])
        yield (
            {**named_rate, "flavour": flavour},
            {model: {name: own[name] for name in known} for model, own in found.items()},
        )


def changes_by_source(
    changes: Mapping[str, Measurement], sources: Mapping[str, Source]
) -> dict[str, list[Measurement]]:
    """Source to the changes for one standard deviation."""
    found: dict[str, list[Measurement]] = {}
    for name, change in changes.items():
        found.setdefault(sources[name].name, []).append(in_deviations(change, sources[name]))
    return found


def in_deviations(change: Measurement, source: Source) -> Measurement:
    """A change by a whole perturbation as that for one standard deviation of its source."""
    return Measurement(change.seeds, change.values / source.sigma, change.replicates / source.sigma)


def uncertainty_difference(share: float, nominal: Uncertainty, adversarial: Uncertainty) -> dict:
    """Two uncertainties and their difference, columns of a row of `compare`.

    What is compared are the squares, which have no bias; divided by the sum of the uncertainties as measured
    their difference is that of the uncertainties.
    """
    slope = nominal.gradient
    wanted = Measurement(slope.seeds, share**2 * slope.values, share**2 * slope.replicates)
    square = share**2 * nominal.square - adversarial.square
    spread = wanted - adversarial.gradient
    scale = share * nominal.size + adversarial.size
    known = nominal.exists and adversarial.exists and (len(spread.seeds) > 1 or not scale)
    return {
        "nominal": nominal.value,
        "nominal_error": nominal.error,
        "adversarial": adversarial.value,
        "adversarial_error": adversarial.error,
        "difference": square / scale if scale else 0.0,
        "difference_error": spread.total / scale if scale else 0.0,
        "p": spread.p_value_of(square) if known else np.nan,
    }


def in_bins(
    bins: pd.DataFrame,
    compared: pd.DataFrame,
    pairs: Sequence[Mapping[str, str]],
    sources: Mapping[str, Source],
) -> pd.DataFrame:
    """The uncertainties of every rate in bins of pT.

    Jets are counted once, however many trainings there are: counts are means over seeds. Where a perturbation
    keeps the jets, only those that cross the cut make an error, otherwise all jets of both samples. A bin in
    which no clean jet passes, or no varied one is, takes the changes of all bins.

    Parameters
    ----------
    bins : DataFrame
        The collected table.
    compared : DataFrame
        From `compare`, which says what is resolved.
    pairs, sources
        As of `compare`.

    Returns
    -------
    DataFrame
        Columns model, those of `RATE` and `BIN`, source (its name, or `TOTAL`); ``resolved``, over all pT in
        a pair of the model, as the total wants it; ``uncertainty``, relative, of a source with the sign of
        the change towards larger values of its nuisance; ``error``, statistical;
        and the ``rate`` on clean jets with its ``rate_error``.
    """
    rows = bins[(bins["kind"] == "scenario") & (bins["variable"] == "pt")]
    counted = pd.concat(
        compared.assign(model=compared["pair"].map({pair["label"]: pair[role] for pair in pairs}))
        for role in ("nominal", "adversarial")
    )
    resolved = counted.groupby(["model", *RATE, "source"])["resolved"].any()
    rows = rows[rows["model"].isin(counted["model"]) & rows["discriminator"].isin(counted["discriminator"])]
    rows = rows[rows["perturbation"].isin(list(sources))]
    cell = ["model", *RATE, *BIN]
    jets, change, error = changes_in_bins(rows)
    sigma = change.index.get_level_values("perturbation").map({n: s.sigma for n, s in sources.items()})
    name = change.index.get_level_values("perturbation").map({n: s.name for n, s in sources.items()})
    each = pd.DataFrame({"change": change / sigma, "variance": (error / sigma) ** 2, "source": name})
    each["measured"] = each["change"] ** 2
    by_source = each.groupby([*cell, "source"], sort=False)
    of_source = by_source[["change", "variance", "measured"]].mean()
    of_source["error"] = np.sqrt(of_source["variance"] / by_source.size())
    # As of `Uncertainty`: what the errors add is taken away.
    of_source["square"] = (of_source["measured"] - of_source["variance"]).clip(lower=0.0)
    of_source = of_source.reset_index().merge(resolved.reset_index(), on=["model", *RATE, "source"])
    size = np.sqrt(of_source["square"])
    of_source["uncertainty"] = size.where(of_source["change"] > 0, -size)
    of_source["spread"] = of_source["square"] * of_source["error"] ** 2
    parts = (
        of_source[["square", "spread"]]
        .where(of_source["resolved"], 0.0)
        .groupby([of_source[name] for name in cell], sort=False)
    )
    total = parts.sum()
    total["uncertainty"] = np.sqrt(total["square"])
    total["error"] = np.sqrt(total["spread"] / total["square"]).where(total["square"] != 0, 0.0)
    total = total.reset_index().assign(source=TOTAL, resolved=True)
    rate = jets["passed"] / jets["total"]
    rates = pd.DataFrame({"rate": rate, "rate_error": np.sqrt(rate * (1.0 - rate) / jets["total"])})
    shown = [*cell, "source", "resolved", "uncertainty", "error"]
    return pd.concat([of_source[shown], total[shown]]).merge(rates.reset_index(), on=cell)


def changes_in_bins(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Relative changes of rates in bins, each perturbation at its largest strength.

    Parameters
    ----------
    rows : DataFrame
        Of the collected bins, of one variable.

    Returns
    -------
    jets : DataFrame
        Clean ones that ``passed`` and in ``total``, by model, `RATE` and `BIN`.
    change, error : Series
        By these and the perturbation; a bin in which no clean jet passes, or no varied one is, has the change
        of all bins.
    """
    largest = rows.groupby("perturbation")["epsilon"].transform("max")
    cell = ["model", *RATE, *BIN]
    key = [*cell, "perturbation"]
    clean, varied = (
        _counts(rows[rows["epsilon"] == strength], key) for strength in (np.zeros(len(rows)), largest)
    )
    jets = clean.where(clean["total"] > 0, _over_bins(clean)).groupby(level=cell, sort=False).max()
    empty = (clean["passed"] == 0) | (varied["total"] == 0)
    clean, varied = (counts.where(~empty, _over_bins(counts)) for counts in (clean, varied))
    return jets, *_relative_change(clean, varied)


def _counts(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Jets, and those that cross the cut where they are the same, as means over seeds."""
    counts = ["passed", "total", "gained", "lost"]
    return rows.astype(dict.fromkeys(counts, "Float64")).groupby(key, sort=False)[counts].mean().astype(float)


def _over_bins(counts: pd.DataFrame) -> pd.DataFrame:
    levels = [name for name in counts.index.names if name not in BIN]
    return counts.groupby(level=levels).transform(lambda column: column.sum(skipna=False))


def _relative_change(clean: pd.DataFrame, varied: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Of a rate, with its binomial error; exact for small changes, and larger than zero if no jet is left."""
    before, after = (counts["passed"] / counts["total"] for counts in (clean, varied))
    ratio = after / before
    scale = ratio.clip(lower=1.0)
    paired = (varied["gained"] + varied["lost"]) / clean["passed"] ** 2 * scale
    apart = (1.0 - before) / clean["passed"] * scale**2 + (1.0 - after) / clean["passed"] * clean[
        "total"
    ] / varied["total"] * scale
    return ratio - 1.0, np.sqrt(paired.fillna(apart))


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Correlation of the total uncertainty between bins, each resolved source being one nuisance for all.

    Parameters
    ----------
    table : DataFrame
        From `in_bins`.

    Returns
    -------
    DataFrame
        Columns model, those of `RATE`, ``bin`` and ``other`` (lower edges in GeV), ``correlation``; NaN
        where a bin has no uncertainty.
    """
    parts = []
    resolved = table.assign(uncertainty=table["uncertainty"].where(table["resolved"], 0.0))
    for rate, rows in resolved[resolved["source"] != TOTAL].groupby(["model", *RATE], sort=False):
        vectors = rows.pivot(index="source", columns="bin_low", values="uncertainty")
        covariance = vectors.T @ vectors
        width = np.sqrt(np.diag(covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            matrix = covariance / np.outer(width, width)
        matrix = matrix.rename_axis(index="bin", columns="other").stack().rename("correlation")
        parts.append(matrix.reset_index().assign(**dict(zip(["model", *RATE], rate, strict=True))))
    return pd.concat(parts, ignore_index=True)[["model", *RATE, "bin", "other", "correlation"]]


def correction_set(table: pd.DataFrame, study: str) -> dict:
    """The rates and scale factors in bins of pT as a correctionlib document, schema version 2.

    Parameters
    ----------
    table : DataFrame
        From `in_bins`.
    study : str

    Returns
    -------
    dict
        Two corrections for each model, discriminator and rate, ``{model}_{discriminator}_efficiency`` or
        ``_mistag``, the rate on clean jets, and the same with ``_scale_factor``. Both are functions of
        ``working_point`` (its mis-tag rate on clean jets, as text) and ``pt`` in GeV; the scale factor first
        of ``systematic``: ``central`` (1), ``up`` and ``down`` (the total uncertainty), ``up_statistical``
        and ``down_statistical`` (one training's jets), and ``up_`` and ``down_`` with each source, which are
        1 where there are too few jets to tell. Jets beyond the bins take the outermost.
    """
    corrections = []
    for (model, discriminator, metric), rows in table.groupby(
        ["model", "discriminator", "metric"], sort=False
    ):
        name = f"{model}_{discriminator}_{metric.removeprefix('fixed_cut_')}"
        total = rows[rows["source"] == TOTAL]
        corrections += [
            _correction(name, "rate on clean jets", {}, _points(total, total["rate"].fillna(0.0))),
            _correction(
                f"{name}_scale_factor",
                "rate in data over rate in simulation",
                {"systematic": ("string", "central, up, down, up_statistical, down_statistical or a source")},
                {
                    "nodetype": "category",
                    "input": "systematic",
                    "content": [
                        {"key": key, "value": _points(part, factor.fillna(1.0).clip(lower=0.0))}
                        for key, part, factor in _systematics(rows)
                    ],
                },
            ),
        ]
    return {
        "schema_version": 2,
        "description": f"Tagging rates of study '{study}' and their scale factors with uncertainties",
        "corrections": corrections,
    }


def _systematics(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, pd.Series]]:
    """Every systematic of one rate with its rows and factors."""
    for source, part in rows.groupby("source", sort=False):
        suffix = "" if source == TOTAL else f"_{source}"
        yield f"up{suffix}", part, 1.0 + part["uncertainty"]
        yield f"down{suffix}", part, 1.0 - part["uncertainty"]
    total = rows[rows["source"] == TOTAL]
    relative = total["rate_error"] / total["rate"]
    yield "central", total, pd.Series(1.0, index=total.index)
    yield "up_statistical", total, 1.0 + relative
    yield "down_statistical", total, 1.0 - relative


def _correction(name: str, meaning: str, first: Mapping[str, tuple[str, str]], data: dict) -> dict:
    inputs = {
        **first,
        "working_point": ("string", "mis-tag rate of the working point on clean jets"),
        "pt": ("real", "transverse momentum of the jet in GeV"),
    }
    return {
        "name": name,
        "version": 1,
        "inputs": [{"name": key, "type": kind, "description": text} for key, (kind, text) in inputs.items()],
        "output": {"name": "value", "type": "real", "description": meaning},
        "data": data,
    }


def _points(rows: pd.DataFrame, values: pd.Series) -> dict:
    """Values by working point and pT."""
    content = []
    for point, part in rows.assign(shown=values.round(7)).groupby("working_point", sort=False):
        part = part.sort_values("bin_low")
        binning = {
            "nodetype": "binning",
            "input": "pt",
            "edges": [*part["bin_low"].tolist(), float(part["bin_high"].iloc[-1])],
            "content": part["shown"].tolist(),
            "flow": "clamp",
        }
        content.append({"key": f"{point:g}", "value": binning})
    return {"nodetype": "category", "input": "working_point", "content": content}

"""Tests of the claims about the sample and the tagger themselves."""

from math import isclose, sqrt

import pandas as pd

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import Exact
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.classes import CLASSES
from robustag.evaluation import SAMPLE

_JETS = 11_491_971
_SPLIT = {"train": 0.72, "validation": 0.08, "test": 0.20}
_INPUTS = 184
_PARAMETERS = 59_203
_NETWORK = {"network": "mlp", "hidden_layers": 5, "narrowest": 100, "widest": 100, "dropout": 0.1}
_TRAINING = {"loss": "double_softmax_focal", "gamma": 25, "optimiser": "adam"}
# 72 % of the jets, drawn by another rule than here; epochs of the nominal model.
_SCHEDULE = {"learning_rate": 1e-4, "batch_size": 65_536, "epochs": 497, "training_jets": 8_274_218}


def sample_is_prepared(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C1: shares of the splits, means and widths of scaled inputs, weighted classes and spectra.

    All on the stored tensors, by their largest departure from what is claimed. The number of jets is that of
    the public data set alone.
    """
    rows = evidence.rows("inventory", model=SAMPLE)
    if rows.empty:
        return [untestable("preparation of the sample", "the study has no inventory of its sample")]
    found = {name: part.set_index("name")["value"] for name, part in rows.groupby("quantity")}
    jets = found["jets"].sum()
    shares = {split: found["jets"].filter(like=f"{split} ").sum() / jets for split in _SPLIT}
    weights = found["weighted"] / found["weighted"].sum()
    widths = found["width"][found["width"] > 0]
    # Jets of one event share a split.
    error = max(sqrt(share * (1 - share) / found["events"].sum()) for share in _SPLIT.values())
    departures: list[tuple[str, float, float, dict]] = [
        (
            "share of jets in train, validation or test from 72, 8 or 20 %",
            max(abs(share - _SPLIT[split]) for split, share in shares.items()),
            error,
            {**shares, "jets": jets},
        ),
        ("mean of a scaled input from 0, training jets", found["mean"].abs().max(), 0.0, {}),
        (
            "width of a scaled input from 1, training jets",
            (widths - 1).abs().max(),
            0.0,
            {"inputs": len(found["width"]), "of these without any width": (found["width"] == 0).sum()},
        ),
        (
            "weighted share of a class from one third",
            (weights - 1 / len(CLASSES)).abs().max(),
            0.0,
            weights.to_dict(),
        ),
        (
            "weighted spectrum of a class in pT and eta from their mean, share of jets",
            found["spectrum_distance"]["weighted"],
            0.0,
            {"without weights": found["spectrum_distance"]["unweighted"]},
        ),
    ]
    findings = [
        find(
            f"largest departure of the {words}",
            Exact(float(value), statistical=error),
            {name: float(number) for name, number in numbers.items()},
            threshold=settings.matched_within,
            below=True,
        )
        for words, value, error, numbers in departures
    ]
    reason = f"the sample of this study is another one, of {jets:.0f} jets"
    return [*findings, *([untestable(f"{_JETS} jets", reason, False)] if round(jets) != _JETS else [])]


def tagger_is_the_published_one(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C2: departures of the nominal model's network, size and training from the published ones, counted.

    Of the training the loss and the optimiser decide. Learning rate, batch, epochs and jets, which a smaller
    sample needs otherwise, are listed beside them.
    """
    rows = evidence.rows("inventory", model=evidence.nominal)
    if rows.empty:
        return [untestable("description of the tagger", "the study has no inventory of its models")]
    # All trainings of a model have one description.
    card = rows[rows["seed"] == rows["seed"].min()].set_index("quantity")
    size, inputs = card["value"]["parameters"], card["value"]["inputs"]
    if inputs != _INPUTS:
        reason = f"the tagger of this study has {inputs:.0f} inputs, the published one {_INPUTS}"
        return [untestable("description of the tagger", reason)]
    findings = [
        find(
            f"departure of the number of parameters from {_PARAMETERS}",
            Exact(abs(size - _PARAMETERS)),
            {"parameters": size},
            threshold=0.5,
            below=True,
        )
    ]
    jets = evidence.rows("inventory", model=SAMPLE, quantity="jets").set_index("name")["value"]
    card.loc["training_jets", ["name", "value"]] = ["", jets.filter(like="train ").sum()]
    for words, published, deciding in (
        ("network", _NETWORK, True),
        ("training", _TRAINING, True),
        ("schedule", _SCHEDULE, False),
    ):
        found = {name: _entry(card, name) for name in published}
        departures = sum(not _same(found[name], value) for name, value in published.items())
        listed = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in found.items()
        )
        findings.append(
            find(
                f"entries of the {words} that are not the published ones ({listed})",
                Exact(departures),
                {},
                threshold=0.5,
                below=True,
                deciding=deciding,
            )
        )
    return findings


def _same(found: str | float | None, published: object) -> bool:
    """Whether an entry is the published one; a number to a permille: the split is by chance."""
    if isinstance(found, float) and isinstance(published, int | float):
        return isclose(found, published, rel_tol=1e-3)
    return found == published


def _entry(card: pd.DataFrame, name: str) -> str | float | None:
    """A word or a number of the inventory; None where it has none."""
    if name not in card.index:
        return None
    word, number = card.loc[name, ["name", "value"]]
    return word or round(float(number), 6)

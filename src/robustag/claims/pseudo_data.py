"""Section of a page: jets with several mistakes at once play data, and every way of training meets them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustag.claims.data import input_table, size
from robustag.claims.markdown import strong, table
from robustag.evaluation.data_verdicts import BETTER, WORSE
from robustag.evaluation.differences import matching
from robustag.evaluation.pseudo_data import COVERED, MISSED
from robustag.evaluation.scale_factors import LARGER, SMALLER, rate_title, shown_rates

_CALIBRATED = """\
Jets of a detector with several mistakes at once play data. No claim and no training has this mixture, though
they may know single ones of its mistakes. Its true scale factors are those of the very collisions that are
simulated; a calibration that stays at simulation has scale factors of 1 and the claimed uncertainty. The pull
is the true scale factor minus 1 over the claim, and the margin what the claim has in hand: below zero the
truth lies beyond it. In round brackets: how much less than with the nominal training the scale factor departs
from 1. Strong letters: significant, corrected for the number of models and rates."""
_AGREEMENT = """\
Do these data look like simulation? Of all flavours together, the data of one half of the collisions and
simulation of the other: the Jensen-Shannon divergence in 10^-3 nats above the floor that two samples of one
distribution have, and chi2/ndf; in round brackets nominal minus trained."""


def pseudo_data_sections(
    calibrated: pd.DataFrame, outputs: pd.DataFrame, agreement: pd.DataFrame, options: Mapping[str, Any]
) -> list[str]:
    """Lines of Markdown.

    Parameters
    ----------
    calibrated, outputs : DataFrame
        From `robustag.evaluation.pseudo_data`, `calibrated` and `agreements`.
    agreement : DataFrame
        The collected table, for the inputs.
    options : mapping
        ``nominal``, ``working_point`` and ``discriminators``.
    """
    found = calibrated[matching(calibrated, working_point=float(options["working_point"]))]
    lines = ["", "## A held-back mixture plays data", "", _CALIBRATED]
    for rate in shown_rates(options["discriminators"]):
        rows = found[matching(found, discriminator=rate[0], metric=rate[1])]
        if len(rows):
            lines += ["", f"### Pseudo-data: {rate_title(*rate)}", "", *_pulls(rows)]
    lines += [
        "",
        "### Pseudo-data: outputs and inputs",
        "",
        _AGREEMENT,
        "",
        *_outputs(outputs, options["nominal"]),
    ]
    if inputs := input_table(agreement):
        lines += ["", *inputs]
    return lines


def _pulls(rows: pd.DataFrame) -> list[str]:
    nominal, body = rows["model"].iloc[0], []
    for _, row in rows.iterrows():
        departs = _per_cent(row, "truth")
        if row["model"] != nominal:
            gain = _per_cent(row, "difference")
            departs += f" ({strong(gain, row['against_nominal'] in (SMALLER, LARGER))})"
        margin = strong(_per_cent(row, "margin"), row["answer"] in (COVERED, MISSED))
        pull = f"{row['pull']:+.2f} ± {row['pull_error']:.2f}"
        body.append([row["model"], departs, _per_cent(row, "claimed"), pull, margin, row["answer"]])
    smallest = rows.loc[rows["claimed"].idxmin()]
    header = ["model", "scale factor - 1 [%]", "claimed [%]", "pull", "margin [%]", "the claim"]
    return [
        *table(header, body, aligned=True),
        "",
        f"The smallest uncertainty is claimed by {smallest['model']}. Of it the test says: "
        f"**{smallest['answer']}**.",
    ]


def _per_cent(row: pd.Series, name: str) -> str:
    return f"{100 * row[name]:+.2f} ± {100 * row[f'{name}_error']:.2f}"


def _outputs(outputs: pd.DataFrame, nominal: str) -> list[str]:
    """Models as rows, the nominal one first; discriminators as columns."""
    names: Sequence[str] = list(dict.fromkeys(outputs["discriminator"]))
    cells = {(row["model"], row["discriminator"]): row for _, row in outputs.iterrows()}
    first = outputs["model"].iloc[0]
    body = [[nominal, *(_divergence(cells[first, name], "nominal") for name in names)]]
    for model in dict.fromkeys(outputs["model"]):
        line = []
        for name in names:
            row = cells[model, name]
            gain = strong(size(row["difference"], row["difference_error"]), row["verdict"] in (BETTER, WORSE))
            line.append(f"{_divergence(row, 'trained')} ({gain})")
        body.append([model, *line])
    return table(["model", *(f"{name}, chi2/ndf" for name in names)], body, aligned=True)


def _divergence(row: pd.Series, role: str) -> str:
    return f"{size(row[role], row[f'{role}_error'])}, {row[f'{role}_chi2']:.2f}"

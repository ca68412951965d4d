"""The report, its JSON twin and the headline table."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from robustag.claims.catalogue import CLAIMS
from robustag.claims.headline import headline
from robustag.claims.judge import judge_claims
from robustag.claims.report import to_json, to_markdown
from robustag.errors import InputError

PAIRS = [{"label": "clean", "nominal": "nominal", "adversarial": "adversarial"}]


@pytest.fixture
def judgements(tables, settings):
    return judge_claims(tables.metrics, tables.geometry, tables.planes, PAIRS, settings)


def test_json_is_strict_and_complete(judgements, settings):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    document = json.loads(to_json(judgements, settings), parse_constant=refuse)
    assert [claim["id"] for claim in document["claims"]] == ["C3", "C4", "C5", "C6", "C8", "C14"]
    assert document["settings"]["significance"] == 2.0
    first = document["claims"][0]["arms"]["clean"]
    assert first["verdict"] == "reproduced"
    assert first["findings"][0]["effect"] == pytest.approx(0.05)
    assert first["findings"][0]["error"] > 0


def test_report_has_one_row_a_claim_and_whole_tables(judgements, settings):
    text = to_markdown(judgements, settings)
    top = text.split("## Assessment")[0]
    for claim in CLAIMS:
        assert len(re.findall(rf"^\| {claim.id} \|", top, re.M)) == 1
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = {
        line.count("|") for line in tables if not line.startswith(("| claim", "| C", "| --- | --- | ---"))
    }
    assert widths == {6}, "a stray | breaks a table"
    assert "nan" not in text


def test_a_failed_claim_is_reported_as_failed(make_metrics, tables, settings):
    metrics = make_metrics(losses={("adversarial", "fgsm"): 0.08})
    text = to_markdown(judge_claims(metrics, tables.geometry, tables.planes, PAIRS, settings), settings)
    assert "* clean arm, not reproduced: C5." in text
    assert "against C5: loss of BvL AUC under FGSM, epsilon 0.01: nominal minus adversarial" in text
    assert re.search(r"^\| C5 \|.*\*\*not reproduced\*\* \(-\d", text, re.M)


def test_a_failing_supporting_test_shows_in_the_top_table(make_metrics, tables, settings):
    """Half the loss is smaller, but not by the factor of three that "much smaller" is tested with."""
    metrics = make_metrics(losses={("adversarial", "fgsm"): 0.025})
    text = to_markdown(judge_claims(metrics, tables.geometry, tables.planes, PAIRS, settings), settings)
    assert re.search(r"^\| C5 \|.*\*\*reproduced\*\* \(.*\); supporting tests against \|$", text, re.M)
    assert "against C5: loss of BvL AUC under FGSM, epsilon 0.01: nominal minus 3 times" in text


def test_a_single_training_is_confessed(tables, settings):
    one = {name: table[table["seed"] == 1] for name, table in vars(tables).items()}
    judged = judge_claims(one["metrics"], one["geometry"], one["planes"], PAIRS, settings)
    text = to_markdown(judged, settings)
    assert "There is one training a model: the spread over seeds is unknown" in text
    assert "± unknown (seeds)" in text
    assert json.loads(to_json(judged, settings))["claims"][0]["arms"]["clean"]["findings"][0]["seed"] is None


def test_arms_are_judged_separately(make_metrics, tables, settings):
    other = make_metrics(losses={("nominal", "fgsm"): -0.01}).replace({"model": {"nominal": "n2"}})
    metrics = pd.concat([tables.metrics, other[other["model"] == "n2"]])
    pairs = [*PAIRS, {"label": "faithful", "nominal": "n2", "adversarial": "adversarial"}]
    judged = judge_claims(metrics, tables.geometry, tables.planes, pairs, settings)
    verdicts = {(j.claim.id, j.arm): j.verdict for j in judged}
    assert verdicts["C3", "clean"] == "reproduced"
    assert verdicts["C3", "faithful"] == "not reproduced"
    assert verdicts["C14", "faithful"] == "not testable here"


def test_headline_table(tables, settings):
    lines = headline(tables.metrics, PAIRS, settings).splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["nominal", "adversarial"]
    # Losses are four times those at the deciding epsilon: 0.93 - 0.2, 0.93 - 0.008.
    assert re.search(r"0\.9300 ± .* 0\.7300 ± .* 0\.9220 ± .* 0\.2000 ± .* 5\.00% -> 36\.\d+%", lines[2])
    assert "epsilon 0.05" in lines[-1]


def test_headline_without_its_epsilon_says_so(tables, settings):
    with pytest.raises(InputError, match=r"epsilon 0\.3"):
        headline(tables.metrics, PAIRS, replace(settings, shown_epsilon=0.3))

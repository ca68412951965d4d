"""The report, its JSON twin, its page of HTML and the summary."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from robustag.claims.catalogue import CLAIMS
from robustag.claims.certified import certified_lines
from robustag.claims.document import SCHEMA, flags_of, read_verdicts, to_json
from robustag.claims.headline import headline
from robustag.claims.judge import judge_claims
from robustag.claims.markdown import table, to_html
from robustag.claims.masking import masking_flags
from robustag.claims.reading import interpretation
from robustag.claims.report import to_markdown
from robustag.claims.summary import Outcome, summary_page
from robustag.errors import InputError
from robustag.evaluation.significance import level
from robustag.evaluation.verdicts import verdicts

PAIRS = [{"label": "clean", "nominal": "nominal", "adversarial": "adversarial"}]
MODELS = ("nominal", "adversarial")


@pytest.fixture
def flags(make_audit, make_orders, settings):
    return masking_flags(MODELS, make_audit(), make_orders("own loss"), settings)


@pytest.fixture
def judged(make_tables, settings):
    return lambda **changes: judge_claims(make_tables(**changes), PAIRS, settings)


@pytest.fixture
def report(judged, flags, settings):
    return lambda **changes: to_markdown(judged(**changes), flags, settings)


def test_json_is_strict_and_complete(judged, flags, settings):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    document = json.loads(to_json(judged(), flags, settings), parse_constant=refuse)
    assert document["schema"] == SCHEMA
    assert [claim["id"] for claim in document["claims"]] == [claim.id for claim in CLAIMS]
    assert document["settings"]["significance"] == 2.0
    third = document["claims"][2]["arms"]["clean"]
    assert third["verdict"] == "reproduced"
    assert third["findings"][0]["effect"] == pytest.approx(0.05)
    assert third["findings"][0]["error"] > 0
    assert third["sigmas"] > 2.0
    assert flags_of(document) == flags


@pytest.mark.parametrize(
    ("wrong", "right"), [('"verdict": "within error"', '"verdict": "reproduced"'), ("C3", "C4"), ("{", "[")]
)
def test_verdicts_that_were_changed_are_not_read(wrong, right, judged, flags, settings, tmp_path):
    path = tmp_path / "claims.json"
    text = to_json(judged(), flags, settings)
    path.write_text(text)
    document = json.loads(text)
    assert read_verdicts(path) == {key: document[key] for key in document if key != "checksum"}
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(InputError, match=r"claims\.json is damaged or holds no verdicts .*run again"):
        read_verdicts(path)
    path.unlink()
    with pytest.raises(InputError, match=r"claims\.json"):
        read_verdicts(path)


def test_report_has_one_row_a_claim_and_whole_tables(report):
    text = report()
    top = text.split("## Assessment")[0]
    for claim in CLAIMS:
        assert len(re.findall(rf"^\| {claim.id} \|", top, re.M)) == 1
        assert f"## {claim.id}: {claim.title}" in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({line.count("|") for line in block.splitlines()}) == 1, "a stray | breaks a table"
    assert "nan" not in text
    assert "* clean arm, 13 results: 13 reproduced; 4 checks: 4 reproduced." in top


def test_masking_stands_beside_the_numbers_of_robustness(report):
    sections = dict(re.findall(r"^## (C\d+): (.*?)(?=^## |\Z)", report(), re.M | re.S))
    signs = "Masking audit, signs raised: nominal: none; adversarial: own loss."
    audited = {claim.id for claim in CLAIMS if claim.audited}
    assert {"C3", "C5", "C16"} <= audited
    assert {name for name, text in sections.items() if signs in text} == audited


def test_a_failed_claim_is_reported_as_failed(report):
    text = report(metrics={"losses": {("adversarial", "fgsm"): 0.08}})
    assert re.search(r"^\* clean arm, not reproduced: C5 \(defence\)\.", text, re.M)
    assert "against C5: loss of BvL AUC under FGSM, epsilon 0.01: nominal minus adversarial" in text
    assert re.search(r"^\| C5 \|.*\*\*not reproduced\*\* \(-\d", text, re.M)
    assert "So adversarial training does not defend against the attack it was trained on." in text


def test_a_claim_of_several_questions_shows_every_answer(report):
    """Half the loss is smaller, but not by the factor of three that "much smaller" is tested with."""
    text = report(metrics={"losses": {("adversarial", "fgsm"): 0.025}})
    answers = "less reproduced, much less not reproduced"
    assert re.search(rf"^\| C5 \|.*\*\*reproduced in part\*\*: {answers}; supporting", text, re.M)
    assert "It depends on the question: less: reproduced; much less: not reproduced." in text
    assert "against C5: loss of BvL AUC under FGSM, epsilon 0.01: nominal minus 3 times" in text


def test_what_was_tested_in_part_says_so(make_tables, flags, settings):
    tables = make_tables()
    del tables["spans"]
    text = to_markdown(judge_claims(tables, PAIRS, settings), flags, settings)
    assert re.search(r"^\| C12 \|.*\*\*reproduced\*\* \(.*\): model of systematics not testable", text, re.M)
    assert "the study compares no attack with re-simulated systematics" in text


def test_a_claim_whose_tests_are_not_all_made_says_so(make_tables, flags, settings):
    tables = make_tables()
    del tables["geometry"]
    text = to_markdown(judge_claims(tables, PAIRS, settings), flags, settings)
    assert re.search(r"^\| C10 \|.*\*\*reproduced\*\* \(.*\); in part \|$", text, re.M)


def test_a_single_training_is_confessed(make_tables, flags, settings):
    one = {name: found[found["seed"].isin([0, 1])] for name, found in make_tables().items()}
    judged = judge_claims(one, PAIRS, settings)
    text = to_markdown(judged, flags, settings)
    assert re.search(r"In C3, C4, .* there is one training a model", text)
    assert "± unknown (seeds)" in text
    document = json.loads(to_json(judged, flags, settings))
    assert document["claims"][2]["arms"]["clean"]["findings"][0]["seed"] is None
    fifth = next(judgement for judgement in judged if judgement.claim.id == "C5")
    assert "compare models that were trained once" in interpretation(fifth, 2.0)


def test_an_open_verdict_says_what_would_settle_it(judged):
    """An effect at half of the required two errors needs errors half as large."""
    claim = next(one for one in judged() if one.claim.id == "C3")
    finding = replace(claim.findings[0], effect=0.01, corrected=level(1.0), verdict="within error")
    text = interpretation(replace(claim, verdict="within error", findings=(finding,)), 2.0)
    assert "the lowest at +1.0 σ" in text
    assert "errors 2.0 times smaller would tell" in text


def test_numbers_have_the_digits_of_their_errors(judged, flags, settings):
    claim = next(one for one in judged() if one.claim.id == "C3")
    cases = {
        (0.123456, 0.0123, 0.001): "0.123 ± 0.012 (stat.) ± 0.001 (seeds)",
        (12.3456, 0.5, float("nan")): "12.35 ± 0.50 (stat.) ± unknown (seeds)",
        (3.21e-5, 4.3e-7, 1e-8): "3.21e-05 ± 4.30e-07 (stat.) ± 1.00e-08 (seeds)",
    }
    for (effect, statistical, seed), shown in cases.items():
        finding = replace(claim.findings[0], effect=effect, statistical=statistical, seed=seed)
        assert shown in to_markdown([replace(claim, findings=(finding,))], flags, settings)


def test_arms_are_judged_separately(make_tables, make_metrics, settings):
    tables = make_tables()
    losses = {("nominal", "fgsm"): -0.01}
    other = make_metrics(losses=losses).replace({"model": {"nominal": "n2"}})
    tables["metrics"] = pd.concat([tables["metrics"], other[other["model"] == "n2"]])
    pairs = [*PAIRS, {"label": "faithful", "nominal": "n2", "adversarial": "adversarial"}]
    verdicts = {(j.claim.id, j.arm): j.verdict for j in judge_claims(tables, pairs, settings)}
    assert verdicts["C3", "clean"] == "reproduced"
    assert verdicts["C3", "faithful"] == "not reproduced"
    assert verdicts["C14", "faithful"] == "not testable here"


def test_headline_table(make_metrics, flags, settings):
    lines = headline(make_metrics(), PAIRS, flags, settings)
    assert [line.split()[1] for line in lines[2:4]] == ["nominal", "adversarial"]
    # Losses are four times those at the deciding epsilon: 0.93 - 0.2, 0.93 - 0.008.
    assert re.search(r"0\.9300 ± .* 0\.7300 ± .* 0\.9220 ± .* 0\.2000 ± .* 5\.00% -> 36\.\d+%", lines[2])
    assert [line.split("|")[-2].strip() for line in lines[2:4]] == ["none", "own loss"]
    assert "epsilon 0.05" in lines[-1]


def test_the_headline_has_the_strongest_attack_in_the_budget(make_metrics, flags, settings):
    """PGD costs more than FGSM, four times 0.055; what costs most has another budget, and does not count."""
    metrics = make_metrics()
    wide = metrics[metrics["perturbation"] == "pgd"].assign(perturbation="pgd_l2")
    wide["value"] -= 0.1 * (wide["epsilon"] > 0)
    lines = headline(pd.concat([metrics, wide]), PAIRS, flags, settings)
    assert re.search(r"0\.2000 ± 0\.\d+ +\| 0\.2200 ± 0\.\d+ \(PGD; FGSM 0\.2000\)", lines[2])
    assert re.search(r"0\.0480 ± 0\.\d+ \(PGD; FGSM 0\.\d+\)", lines[3])
    alone = replace(settings, attacks={name: settings.attacks[name] for name in ("fgsm", "noise")})
    assert "not made" in headline(metrics, PAIRS, flags, alone)[2]


def test_a_model_of_several_pairs_has_one_row_in_the_headline(make_metrics, flags, settings):
    third = make_metrics().replace({"model": {"adversarial": "other"}})
    metrics = pd.concat([make_metrics(), third[third["model"] == "other"]])
    pairs = [*PAIRS, {"label": "other", "nominal": "nominal", "adversarial": "other"}]
    lines = headline(metrics, pairs, flags, settings)
    assert [line.split()[1] for line in lines[2:5]] == ["nominal", "adversarial", "other"]
    assert lines[5] == ""


def test_reports_name_the_attack_of_the_study(make_tables, make_metrics, flags, settings):
    """What is about another attack than FGSM does not speak of FGSM."""
    settings = replace(settings, attack="pgd")
    judged = judge_claims(make_tables(), PAIRS, settings)
    robustness = [j for j in judged if j.claim.id in ("C3", "C4", "C5", "C6", "C8", "C12", "C16", "C17")]
    words = [
        text for j in robustness for f in j.findings for text in (f.quantity, *(n.name for n in f.numbers))
    ]
    assert any("PGD" in text for text in words)
    assert not any("FGSM" in text for text in words)
    assert not any("FGSM" in line for line in headline(make_metrics(), PAIRS, flags, settings))


def test_c12_and_c16_rest_on_the_pooled_effects_of_c8(judged):
    findings = {judgement.claim.id: judgement.findings for judgement in judged()}
    pooled = {f.quantity: f.effect for f in findings["C8"] if f.deciding and f.effect == f.effect}
    assert len(pooled) == 2
    for name, part, shared in (("C16", "mismodelling", 2), ("C12", "robustness", 1)):
        # Corrected for the number of another claim's tests.
        found = {f.quantity: f.effect for f in findings[name] if f.part == part and f.effect == f.effect}
        assert len(found) == shared
        assert found.items() <= pooled.items()


def test_a_study_without_mismodellings_cannot_test_c8(make_tables, settings):
    judged = judge_claims(make_tables(), PAIRS, replace(settings, mismodellings=()))
    (eighth,) = (judgement for judgement in judged if judgement.claim.id == "C8")
    assert eighth.verdict == "not testable here"
    assert interpretation(eighth, 2.0) == "Not testable here: the study shows no such mismodelling."


def test_headline_without_its_epsilon_says_so(make_metrics, flags, settings):
    with pytest.raises(InputError, match=r"epsilon 0\.3"):
        headline(make_metrics(), PAIRS, flags, replace(settings, shown_epsilon=0.3))


# Two trainings of which input_n has the share n % and (n + 8) %.
SIZES = pd.DataFrame(
    [
        {"model": "nominal", "seed": seed, "input": f"input_{n}", "unit": "GeV", "size": 0.01 * n}
        | {"share": 0.01 * (n + 8 * seed)}
        for seed in (0, 1)
        for n in range(12)
    ]
)


def certified_rates():
    """Two trainings of one model in two boxes, the second worse in its bin of pT than over all."""
    rows = [
        {"model": "nominal", "seed": seed, "box": box, "epsilon": epsilon, "working_point": point}
        | {"bin_low": low, "bin_high": high, "n": jets, **values}
        for seed, lowest in ((1, 0.594), (2, 0.582))
        for box, epsilon in (("none", 0.01), ("uncertainty", 0.5))
        for point in (0.1, 0.01)
        for low, high, jets, change in ((0.0, np.inf, 900.0, 0.0), (50.0, 80.0, 100.0, 0.06))
        for values in (
            {"flavour": "b", "metric": "fixed_cut_efficiency"}
            | {"raw": 0.6, "lowest": lowest - change, "highest": 0.606},
            {"flavour": "light", "metric": "fixed_cut_mistag"}
            | {"raw": 0.01, "lowest": 0.009, "highest": 0.0128},
        )
    ]
    return pd.DataFrame(rows)


def test_what_no_change_of_inputs_can_do_is_said_for_the_worst_training_and_bin():
    first, second = certified_lines(certified_rates(), 0.01)
    assert first == (
        "* nominal, 2 trainings: no change of inputs within 0.01 sigma of the training jets, coherent or "
        "not, changes the b efficiency at a mis-tag rate of 0.01 by more than 3.0%, or in a bin of pT by "
        "more than 13.0% (50 to 80 GeV, 100 jets), or takes the light mis-tag rate from 0.01 beyond 0.013."
    )
    assert "within 0.5 sigma of its measurement, coherent" in second


def test_nothing_is_said_of_a_bin_or_a_model_without_tagged_jets():
    rates = certified_rates()
    in_bin = (rates["bin_low"] == 50) & (rates["seed"] == 2)
    some = rates.assign(raw=rates["raw"].mask(in_bin, 0.0))
    (line,) = certified_lines(some.query("box == 'none'"), 0.01)
    assert "in a bin of pT by more than 11.0% (50 to 80 GeV" in line, "of the other training"
    assert certified_lines(rates.assign(raw=0.0), 0.01) == []
    assert "nominal, 1 training: no" in certified_lines(rates.query("seed == 1"), 0.01)[0]


def test_a_rate_that_rises_changes_too():
    rates = certified_rates().assign(highest=0.66)
    assert "at a mis-tag rate of 0.01 by more than 10.0%" in certified_lines(rates, 0.01)[0]


def test_summary_tells_everything_on_a_page(judged, make_metrics, make_inventory, flags, settings):
    metrics = make_metrics()
    certificates = pd.DataFrame(
        [
            {"model": "nominal", "seed": seed, "epsilon": epsilon, "method": method}
            | {"metric": "auc", "discriminator": "BvL", "value": value + 0.01 * seed}
            for seed in (1, 2)
            for epsilon, method, value in ((0.0, "attack", 0.9), (0.05, "attack", 0.7), (0.05, "proven", 0.4))
        ]
    )
    aucs = metrics[(metrics["metric"] == "auc") & (metrics["discriminator"] == "BvL")]
    outcome = Outcome(
        study="tiny",
        claims=json.loads(to_json(judged(), flags, settings)),
        metrics=metrics,
        pareto=metrics[metrics["perturbation"].isin(["fgsm", "pgd"])],
        mismodelling=verdicts(aucs, PAIRS, ["BvL"], [], 2.0),
        certificates=certificates,
        rates=certified_rates(),
        data=pd.DataFrame(
            {
                **{"pair": ["clean"], "discriminator": ["BvL"], "verdict": ["agrees better"]},
                **{"bin_low": [20.0], "bin_high": [900.0]},
            }
        ),
        sizes=SIZES,
        audit=pd.DataFrame(
            {
                "model": ["nominal", "nominal", "adversarial", "nominal"],
                "perturbation": ["fgsm", "fgsm", "fgsm", "noise"],
                "epsilon": [0.01, 0.01, 0.01, 0.01],
                "invalid_covariances": [0.4, 0.5, 0.1, 0.9],
            }
        ),
        left_out=["variations fakes_up: these change the simulation"],
        weights=[],
        inventory=make_inventory(),
    )
    page = summary_page(outcome, PAIRS, settings)
    assert "events are weighted" not in page
    assert page.startswith("# Study tiny\n")
    assert page.endswith("## Not in this study\n\n* variations fakes_up: these change the simulation\n")
    assert re.search(r"^\| C5 +\| defence +\| reproduced \(\+", page, re.M)
    assert re.search(r"^\* adversarial, own loss: 1 of 2 fail", page, re.M)
    assert re.search(r"^\| nominal +\| 3 +\| 0\.9300 ± .*\| 0\.2000 ± .*\| 0\.2200 ±", page, re.M)
    assert re.search(r"^\| worse resolution +\| clean +\| 0\.0200 ± .*\| helps +\|$", page, re.M)
    assert re.search(r"^\| nominal +\| 2 +\| 0\.05 +\| 0\.9150 +\| 0\.7150 +\| 0\.4150 +\|$", page, re.M)
    sizes = page[page.index("## What epsilon means") : page.index("## Performance")].splitlines()
    inputs = [line.split("|")[1:4] for line in sizes if line.startswith("| input_")]
    assert [name.strip() for name, *_ in inputs] == [f"input_{n}" for n in range(11, 1, -1)]
    assert [cell.strip() for cell in inputs[0]] == ["input_11", "0.11 GeV", "15.0%"]
    assert sizes[-2] == "Covariances that FGSM 0.01 makes impossible: 45% (nominal)."
    valid = replace(outcome, audit=outcome.audit.assign(invalid_covariances=0.0))
    assert "Covariances" not in summary_page(valid, PAIRS, settings)
    assert "* clean, adversarial beside nominal: BvL agrees better.\n" in page
    assert "## Data" not in summary_page(replace(outcome, data=None), PAIRS, settings)
    bare = replace(outcome, certificates=None, rates=None)
    assert "## Certificates" not in summary_page(bare, PAIRS, settings)
    assert "coherent or not" in summary_page(replace(outcome, certificates=None), PAIRS, settings)
    assert "## Performance" not in summary_page(replace(outcome, pareto=None), PAIRS, settings)
    assert "## Mismodelling" not in summary_page(outcome, PAIRS, replace(settings, mismodellings=()))
    weights = [("negative", 0.125), ("sum", 0.75), ("effective", 5432.1)]
    rows = [("sample", 0, "event_weights", *each) for each in weights]
    found = pd.concat([outcome.inventory, pd.DataFrame(rows, columns=list(outcome.inventory))])
    lines = summary_page(replace(outcome, inventory=found), PAIRS, settings).splitlines()
    assert "12.5% of them negatively, all weights add up to 0.75 of their sizes" in lines[2]
    assert "as good as 5432 of weight one" in lines[2]
    assert "By weights" not in page
    name = "ip_resolution_up"
    scenario = metrics["perturbation"] == name
    for varied, few in ((900.0, False), (300.0, True)):
        counted = metrics.assign(n=np.where(scenario & (metrics["epsilon"] == 1.0), varied, 1000.0))
        reweighted = summary_page(replace(outcome, metrics=counted, weights=[name]), PAIRS, settings)
        assert f"worth as many as this share of them: {varied / 1000:.0%} ({name})." in reweighted
        assert (f"**Too few jets**: the weights of {name} leave 30% of the jets" in reweighted) == few
    no_bvl = replace(outcome, certificates=certificates.assign(discriminator="CvL"), rates=None)
    assert "## Certificates" not in summary_page(no_bvl, PAIRS, settings)
    assert "nan" not in page


class Structure(HTMLParser):
    """Opened elements must close in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_of_the_report_is_whole(report):
    text = report()
    structure = Structure()
    structure.feed(to_html(text))
    assert structure.open == []
    assert structure.seen.count("h2") == len(re.findall(r"^## ", text, re.M))
    rows = len(re.findall(r"^\| (?!-)", text, re.M))
    assert structure.seen.count("tr") == rows


def test_markup_in_the_text_stays_text():
    page = to_html("# Title <b>\n\n* a <script>alert(1)</script> & **within error** x * y *so*\n")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in page
    assert '<strong class="within-error">within error</strong> x * y <em>so</em>' in page
    assert "<title>Title &lt;b&gt;</title>" in page


def test_aligned_tables_read_as_text():
    lines = table(["a", "long name"], [["value", "x|y"]], aligned=True)
    assert lines == ["| a     | long name |", "| ----- | --------- |", "| value | x/y       |"]

"""Each claim on tables made to confirm it, to refute it and to leave it open."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustag.attacks import ATTACKS
from robustag.claims.catalogue import CLAIMS
from robustag.claims.evidence import Evidence, find
from robustag.claims.judge import findings_of
from robustag.claims.quantities import Exact, Quoted, Sampled, average, scaled
from robustag.claims.verdict import (
    IN_PART,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    WITHIN_ERROR,
    Finding,
    combine,
    decide,
    parts,
    untestable,
)
from robustag.visibility import price_of_looking

BY_ID = {claim.id: claim for claim in CLAIMS}


class Case(NamedTuple):
    claim: str
    verdict: str
    changes: dict = {}  # noqa: RUF012 (a NamedTuple never changes)


def losses(clean_cost: float = 0.0, **values: float) -> dict:
    """Losses of AUC by ``role_perturbation``."""
    by_case = {tuple(name.split("_", 1)): value for name, value in values.items()}
    return {"metrics": {"losses": by_case, "clean_cost": clean_cost}}


#: Rates of the adversarial model change more than those of the nominal one, whatever is mismodelled.
WORSE = {"adversarial_ip_resolution_up": 0.04, "adversarial_noise": 0.006}


CASES = [
    Case("C1", REPRODUCED),
    Case("C1", NOT_REPRODUCED, {"inventory": {"train": 0.6}}),
    Case("C1", NOT_REPRODUCED, {"inventory": {"mean": -0.2}}),
    Case("C1", NOT_REPRODUCED, {"inventory": {"light": 1.5}}),
    Case("C1", WITHIN_ERROR, {"inventory": {"train": 0.69, "jets": 300}}),
    Case("C2", REPRODUCED),
    Case("C2", NOT_REPRODUCED, {"inventory": {"loss": "cross_entropy"}}),
    Case("C2", NOT_REPRODUCED, {"inventory": {"layers": 4}}),
    Case("C2", NOT_TESTABLE, {"inventory": {"inputs": 60}}),
    Case("C3", REPRODUCED),
    Case("C3", NOT_REPRODUCED, losses(nominal_fgsm=-0.01)),
    Case("C3", WITHIN_ERROR, losses(nominal_fgsm=0.0003)),
    Case("C4", REPRODUCED),
    Case("C4", NOT_REPRODUCED, losses(nominal_noise=0.08)),
    Case("C4", WITHIN_ERROR, losses(nominal_noise=0.05 / 3)),
    Case("C5", REPRODUCED),
    Case("C5", NOT_REPRODUCED, losses(adversarial_fgsm=0.07)),
    Case("C5", IN_PART, losses(adversarial_fgsm=0.03)),
    Case("C6", REPRODUCED, {"metrics": {"clean_cost": 0.001}}),
    Case("C6", REPRODUCED, {"metrics": {"clean_cost": -0.01}}),
    Case("C6", NOT_REPRODUCED, {"metrics": {"clean_cost": 0.01}}),
    Case("C7", REPRODUCED),
    Case("C7", NOT_REPRODUCED, {"epochs": {"nominal": 0.01, "adversarial": 0.03}}),
    Case("C7", IN_PART, {"epochs": {"adversarial": 0.09}}),
    Case("C7", IN_PART, {"epochs": {"adversarial": 0.02 + 0.04 / 3}}),
    Case("C8", REPRODUCED),
    Case("C8", IN_PART, losses(adversarial_ip_resolution_up=0.04)),
    Case("C8", NOT_REPRODUCED, losses(**WORSE)),
    Case("C8", WITHIN_ERROR, losses(adversarial_ip_resolution_up=0.01999, adversarial_noise=0.00199)),
    Case("C9", REPRODUCED),
    Case("C9", WITHIN_ERROR, {"distances": {"shift": 0.0}}),
    Case("C10", REPRODUCED),
    Case("C10", NOT_REPRODUCED, {"surface_statistics": {"linearity": (0.8, 0.1)}}),
    Case("C10", NOT_REPRODUCED, {"geometry": {"steepest": 0.9}}),
    Case("C10", WITHIN_ERROR, {"surface_statistics": {"linearity": (0.5, 0.1)}}),
    Case("C11", REPRODUCED),
    Case("C11", NOT_REPRODUCED, {"distances": {"jets": 800.0}}),
    Case("C11", WITHIN_ERROR, {"distances": {"jets": 6600.0}}),
    Case("C12", REPRODUCED),
    Case("C12", IN_PART, {"spans": {"systematics": 0.4}}),
    Case("C12", IN_PART, {"metrics": {"clean_cost": 0.01}}),
    Case("C12", IN_PART, losses(**WORSE)),
    Case("C12", NOT_REPRODUCED, {"spans": {"systematics": 0.4}} | losses(clean_cost=0.01, **WORSE)),
    Case("C13", REPRODUCED),
    Case("C13", NOT_REPRODUCED, {"surface_statistics": {"slope": (5.0, 10.0)}}),
    Case("C13", WITHIN_ERROR, {"surface_statistics": {"slope": (10.0, 10.0)}}),
    Case("C14", REPRODUCED),
    Case("C14", NOT_REPRODUCED, {"geometry": {"nominal": 0.3, "adversarial": 0.6}}),
    Case("C14", WITHIN_ERROR, {"geometry": {"nominal": 0.5, "adversarial": 0.5}}),
    Case("C15", REPRODUCED),
    Case("C15", NOT_REPRODUCED, {"surface_statistics": {"second": 0.1}}),
    Case("C15", WITHIN_ERROR, {"surface_statistics": {"second": 1 / 3}}),
    Case("C16", REPRODUCED),
    Case("C16", IN_PART, losses(adversarial_pgd=0.08)),
    Case("C16", IN_PART, losses(**WORSE)),
    Case("C16", NOT_REPRODUCED, losses(adversarial_pgd=0.08, **WORSE)),
    Case("C17", REPRODUCED),
    Case("C17", NOT_REPRODUCED, losses(nominal_pgd=0.03)),
    Case("C17", WITHIN_ERROR, losses(nominal_pgd=0.05001)),
    Case("C17", IN_PART, {"certificates": {"left": 0.05}}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.claim} {case.verdict}")
def test_verdict(case, evidence, settings):
    findings = findings_of(BY_ID[case.claim], evidence(**case.changes), settings)
    assert combine(findings) == case.verdict


def test_every_claim_is_seen_to_stand_and_not_to():
    for claim in CLAIMS:
        verdicts = {case.verdict for case in CASES if case.claim == claim.id}
        assert REPRODUCED in verdicts, claim.id
        assert verdicts & {NOT_REPRODUCED, WITHIN_ERROR}, claim.id


@pytest.mark.parametrize(("jets", "departures"), [(11_491_971, 0), (11_493_000, 0), (100_000, 1)])
def test_the_published_data_set_is_known_by_its_jets(evidence, settings, jets, departures):
    """A split by chance trains with as many as published, but for chance."""
    made = evidence(inventory={"jets": jets})
    whole = [
        finding.effect
        for finding in findings_of(BY_ID["C2"], made, settings)
        if "schedule" in finding.quantity
    ]
    assert whole == [departures]
    foreign = [f for f in findings_of(BY_ID["C1"], made, settings) if f.quantity == "11491971 jets"]
    assert bool(foreign) == (jets != 11_491_971)


def test_margin_of_c6_is_judged_with_the_seed_error(make_metrics, evidence, settings):
    """A loss of 0.0035 +- 0.0007 against a margin of 0.003 is open; with less spread it is decided."""
    for spread, verdict in ((0.0012, WITHIN_ERROR), (0.00005, NOT_REPRODUCED)):
        made = evidence(metrics={"clean_cost": 0.0035})
        metrics = made.tables["metrics"]
        metrics["value"] += spread * (metrics["seed"] - 2) * (metrics["model"] == "adversarial")
        finding = findings_of(BY_ID["C6"], made, settings)[0]
        assert finding.seed == pytest.approx(spread / np.sqrt(3), rel=1e-6)
        assert finding.verdict == verdict


def test_paired_replicates_make_the_error_of_a_loss_small(evidence, settings):
    """The common fluctuation of 0.004 cancels; what is left is each number's own 0.0005."""
    finding = findings_of(BY_ID["C3"], evidence(), settings)[0]
    assert finding.effect == pytest.approx(0.05)
    assert finding.statistical == pytest.approx(0.0005 / np.sqrt(3), rel=0.25)
    assert finding.numbers[0].error == pytest.approx(0.004, rel=0.2)


def test_a_ratio_to_nothing_is_not_testable(evidence, settings):
    """In a tiny sample no light jet may pass the cut: the mis-tag ratio does not exist, the AUC decides."""
    made = evidence()
    metrics = made.tables["metrics"]
    rates = (metrics["metric"] == "mistag_at_efficiency") & (metrics["epsilon"] == 0)
    metrics.loc[rates, "value"] = 0.0
    findings = findings_of(BY_ID["C3"], made, settings)
    ratio = next(finding for finding in findings if "mis-tag" in finding.quantity)
    assert (ratio.verdict, ratio.reason) == (NOT_TESTABLE, "not a finite number in a sample of this size")
    assert combine(findings) == REPRODUCED


def test_numbers_of_c5_are_the_losses(evidence, settings):
    finding = findings_of(BY_ID["C5"], evidence(), settings)[0]
    assert [number.value for number in finding.numbers] == pytest.approx([0.05, 0.01])
    assert finding.effect == pytest.approx(0.04)


def test_direction_and_size_are_answered_apart(evidence, settings):
    findings = findings_of(BY_ID["C5"], evidence(**losses(adversarial_fgsm=0.03)), settings)
    assert parts(findings) == {"less": REPRODUCED, "much less": NOT_REPRODUCED}


def test_what_was_not_measured_is_not_testable(evidence, settings):
    made = evidence()
    metrics = made.tables["metrics"]
    kept = metrics["perturbation"] != "ip_resolution_up"
    partial = Evidence("nominal", "adversarial", {**made.tables, "metrics": metrics[kept]})
    findings = findings_of(BY_ID["C8"], partial, settings)
    assert parts(findings) == {
        "inputs": REPRODUCED,
        "detector": NOT_TESTABLE,
        "generator": NOT_TESTABLE,
    }
    assert combine(findings) == REPRODUCED


def two_sided(settings, up: float, down: float, made):
    """A source with an up and a down, of which both rates change so; the adversarial model's half as much."""
    metrics = made.tables["metrics"]
    raw = metrics[(metrics["perturbation"] == "noise") & (metrics["epsilon"] == 0)]
    added = []
    for name, change in (("up", up), ("down", down)):
        factor = 1 + np.where(raw["model"] == "nominal", change, change / 2)
        noise = [0.0005 * np.random.default_rng(row).standard_normal(200) for row in range(len(raw))]
        changed = raw.assign(
            value=raw["value"] * factor,
            replicates=[
                values * one * (1 + own)
                for values, one, own in zip(raw["replicates"], factor, noise, strict=True)
            ],
            epsilon=1.0,
        )
        added += [part.assign(perturbation=name) for part in (raw, changed)]
    entries = [
        {"label": name, "perturbation": name, "epsilon": 1.0, "source": "scale", "kind": "generator"}
        for name in ("up", "down")
    ]
    tables = {**made.tables, "metrics": pd.concat([metrics, *added], ignore_index=True)}
    return Evidence("nominal", "adversarial", tables), replace(settings, mismodellings=entries)


@pytest.mark.parametrize(("up", "down"), [(0.2, -0.1), (-0.1, 0.2), (-0.2, 0.1)])
def test_up_and_down_of_a_source_count_as_one_by_the_larger(evidence, settings, up, down):
    pair, asked = two_sided(settings, up, down, evidence())
    pooled, single, *_ = (f for f in findings_of(BY_ID["C8"], pair, asked) if f.part == "generator")
    assert pooled.effect == single.effect == pytest.approx(0.1, abs=0.001)
    numbers = {number.name: number.value for number in pooled.numbers}
    assert (numbers["sources"], numbers["of"]) == (1, 1)
    assert numbers["share of the change that is gone"] == pytest.approx(0.5, abs=0.01)


def test_a_source_without_effect_does_not_count(evidence, settings):
    pair, asked = two_sided(settings, 1e-5, -1e-5, evidence())
    assert parts(findings_of(BY_ID["C8"], pair, asked))["generator"] == NOT_TESTABLE


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_without_its_tables_a_claim_is_not_testable(claim, evidence, settings):
    """Absent and empty tables alike, each with a reason."""
    made = evidence()
    empty = {name: table.iloc[:0] for name, table in made.tables.items()}
    for tables in ({}, empty):
        findings = claim.test(Evidence("nominal", "adversarial", tables), settings)
        assert combine(findings) == NOT_TESTABLE
        assert all(finding.reason for finding in findings)


ALL_JETS = 1
"""Position of the finding over jets of every flavour among those of C14; the b jets come first and decide."""


def test_c14_is_decided_by_b_jets(evidence, settings):
    made = evidence()
    jets = made.tables["geometry"]
    b_jets = (jets["label"] == 0) & (jets["model"] == "nominal")
    assert b_jets.any()
    jets.loc[b_jets, "grad_ratio"] = 0.0
    findings = findings_of(BY_ID["C14"], made, settings)
    assert combine(findings) == NOT_REPRODUCED
    assert findings[ALL_JETS].verdict == REPRODUCED


def test_one_training_decides_no_comparison_of_models(evidence, settings):
    made = evidence()
    one = {name: table[table["seed"].isin([0, 1])] for name, table in made.tables.items()}
    pair = Evidence("nominal", "adversarial", one)
    verdicts = {claim.id: combine(findings_of(claim, pair, settings)) for claim in CLAIMS}
    comparing = {"C5", "C6", "C8", "C13", "C14", "C16"}
    assert {name for name, verdict in verdicts.items() if verdict == WITHIN_ERROR} == comparing
    in_part = {"C7", "C12"}
    assert {name for name, verdict in verdicts.items() if verdict == IN_PART} == in_part
    assert {verdict for name, verdict in verdicts.items() if name not in comparing | in_part} == {REPRODUCED}


def test_jets_with_a_flat_loss_are_left_out(evidence, settings):
    made = evidence()
    jets = made.tables["geometry"]
    flat = (jets["model"] == "adversarial") & (jets["seed"] == 2) & (jets["jet"] < 40)
    jets.loc[flat, "grad_ratio"] = np.nan
    finding = findings_of(BY_ID["C14"], made, settings)[ALL_JETS]
    assert finding.numbers[-1].value == 260
    assert finding.verdict == REPRODUCED


def test_slope_ratio_error_is_that_of_the_paired_mean(evidence, settings):
    """Uniform scatter of half-width 0.1 in 300 jets, three independent trainings of two models."""
    finding = findings_of(BY_ID["C14"], evidence(), settings)[ALL_JETS]
    one_jet = np.sqrt(2 * (0.2**2 / 12) / 3)
    assert finding.statistical == pytest.approx(one_jet / np.sqrt(300), rel=0.15)
    assert finding.effect == pytest.approx(0.3, abs=0.01)


def test_attacks_of_several_steps_are_compared_on_the_same_jets(evidence, settings):
    few = instead_of_pgd(settings, settings.attacks["pgd"] | {"jets": 100})
    findings = findings_of(BY_ID["C17"], evidence(), few)
    assert parts(findings)["beyond one step"] == NOT_TESTABLE
    made = evidence()
    metrics = made.tables["metrics"]
    subset = metrics[metrics["perturbation"] == "fgsm"].assign(perturbation="fgsm_subset")
    tables = {**made.tables, "metrics": pd.concat([metrics, subset], ignore_index=True)}
    attacks = {**few.attacks, "fgsm_subset": settings.attacks["fgsm"] | {"jets": 100}}
    findings = findings_of(
        BY_ID["C17"], Evidence("nominal", "adversarial", tables), replace(few, attacks=attacks)
    )
    assert "pgd minus fgsm_subset" in findings[0].quantity
    assert parts(findings)["beyond one step"] == REPRODUCED


def test_an_attack_on_the_margin_is_judged_by_what_it_misreads(evidence, settings):
    margin = instead_of_pgd(settings, settings.attacks["pgd"] | {"name": "apgd", "objective": "margin"})
    finding = findings_of(BY_ID["C17"], evidence(), margin)[0]
    assert finding.deciding
    assert finding.quantity.startswith("loss of accuracy")
    assert finding.effect == pytest.approx(0.005)


def test_an_attack_on_a_discriminator_is_judged_by_its_auc(evidence, settings):
    """One step of the same attack on the loss is its measure, and not one step on the discriminator."""
    definition = settings.attacks["pgd"] | {"name": "apgd", "objective": "CvL"}
    asked = instead_of_pgd(settings, definition)
    one_step = {"fgsm_cvl": settings.attacks["fgsm"] | {"objective": "CvL"}, **asked.attacks}
    findings = findings_of(BY_ID["C17"], evidence(), replace(asked, attacks=one_step))
    assert findings[0].deciding
    assert findings[0].quantity == "loss of CvL AUC of the nominal model, epsilon 0.01: pgd minus fgsm"
    assert findings[0].effect == pytest.approx(0.005)
    beside = [f.quantity for f in findings if f.quantity.startswith("loss of BvL AUC")]
    assert beside
    on_bvl = instead_of_pgd(settings, definition | {"objective": "BvL"})
    quantities = [f.quantity for f in findings_of(BY_ID["C17"], evidence(), on_bvl)]
    assert len(set(quantities)) == len(quantities)


def test_the_strongest_attack_decides(evidence, settings):
    made = evidence()
    metrics = made.tables["metrics"]
    weak = metrics[metrics["perturbation"] == "fgsm"].assign(perturbation="weak")
    pair = Evidence(
        "nominal", "adversarial", {**made.tables, "metrics": pd.concat([metrics, weak], ignore_index=True)}
    )
    asked = replace(settings, attacks={**settings.attacks, "weak": settings.attacks["pgd"]})
    deciding = [f for f in findings_of(BY_ID["C17"], pair, asked) if f.deciding and f.effect == f.effect]
    assert ["pgd minus fgsm" in finding.quantity for finding in deciding] == [True]
    # Of two, one is the strongest by chance, too.
    assert deciding[0].p == 2 * replace(deciding[0], tries=1).p > 0


def instead_of_pgd(settings, definition):
    return replace(settings, attacks={**settings.attacks, "pgd": definition})


@pytest.mark.parametrize(
    ("definition", "decides"),
    [
        ({"name": "pgd", "norm": "linf"}, True),
        ({"name": "momentum_pgd", "factors": "none"}, True),
        ({"name": "pgd", "norm": "l2"}, False),
        ({"name": "carlini_wagner"}, False),
        ({"name": "deepfool"}, False),
        ({"name": "pip_pgd"}, False),
        ({"name": "conserving_pgd"}, False),
        ({"name": "fgsm", "relative_cap": 0.2}, False),
    ],
)
def test_attacks_of_several_steps_decide_in_the_same_budget_only(evidence, settings, definition, decides):
    """An L2 ball of the same epsilon holds the box and more, whoever says that it is one."""
    findings = findings_of(BY_ID["C17"], evidence(), instead_of_pgd(settings, definition))
    assert any(finding.verdict != NOT_TESTABLE for finding in findings) == decides


def test_what_a_new_attack_knows_decides_whether_a_claim_is_about_it(evidence, settings, monkeypatch):
    for name, kind, told in (("quiet", "blind", False), ("loud", "search", True)):
        monkeypatch.setitem(ATTACKS, name, replace(ATTACKS["pgd"], name=name, kind=kind))
        findings = findings_of(BY_ID["C16"], evidence(), instead_of_pgd(settings, {"name": name}))
        assert any("pgd," in finding.quantity for finding in findings) == told


@pytest.mark.parametrize(
    ("change", "claim", "position", "verdict"),
    [
        ({}, "C14", -1, REPRODUCED),
        ({"sides": (0.001, 0.06)}, "C14", -1, NOT_REPRODUCED),
        ({}, "C15", 1, REPRODUCED),
        ({"pair": 0.3}, "C15", 1, NOT_REPRODUCED),
        ({}, "C13", 3, REPRODUCED),
        ({"slope": (5.0, 10.0)}, "C13", 3, NOT_REPRODUCED),
    ],
)
def test_shapes_of_planes_support_with_errors_from_many_jets(
    evidence, settings, change, claim, position, verdict
):
    finding = findings_of(BY_ID[claim], evidence(surface_statistics=change), settings)[position]
    assert finding.verdict == verdict
    assert finding.statistical > 0
    assert not finding.deciding


def test_no_finding_about_the_surface_hangs_on_a_single_jet(evidence, settings):
    for claim in ("C10", "C13", "C14", "C15"):
        assert all(np.isfinite(finding.statistical) for finding in BY_ID[claim].test(evidence(), settings))


@given(effects=st.lists(st.floats(-1, 1), min_size=1, max_size=5), significance=st.floats(0.5, 5))
def test_verdicts_are_antisymmetric(effects, significance):
    opposite = {REPRODUCED: NOT_REPRODUCED, NOT_REPRODUCED: REPRODUCED, WITHIN_ERROR: WITHIN_ERROR}
    there, back = (
        decide([find("q", Exact(sign * one, statistical=0.1), {}) for one in effects], significance)
        for sign in (1, -1)
    )
    assert [opposite[finding.verdict] for finding in there] == [finding.verdict for finding in back]


@pytest.mark.parametrize(
    ("effect", "verdict"), [(0.3, REPRODUCED), (0.7, NOT_REPRODUCED), (0.5, WITHIN_ERROR)]
)
def test_an_effect_may_be_predicted_below_its_threshold(effect, verdict, settings):
    (finding,) = decide([find("q", Exact(effect, statistical=0.01), {}, threshold=0.5, below=True)], 2.0)
    assert (finding.verdict, finding.distance) == (verdict, pytest.approx(0.5 - effect))


@pytest.mark.parametrize(("effect", "error"), [(float("nan"), 0.1), (0.1, float("nan")), (float("inf"), 0.1)])
def test_no_number_no_verdict(effect, error, settings):
    (finding,) = decide([find("q", Exact(effect, statistical=error), {})], 2.0)
    assert finding.verdict == NOT_TESTABLE
    assert np.isnan(finding.corrected)


def test_combination():
    def made(verdict, deciding=True):
        return Finding("q", 0.0, 0.0, 0.0, 3, 0.0, 99.0, deciding, verdict=verdict)

    assert combine([made(REPRODUCED), made(NOT_REPRODUCED, deciding=False)]) == REPRODUCED
    assert combine([made(REPRODUCED), made(WITHIN_ERROR)]) == WITHIN_ERROR
    assert combine([made(WITHIN_ERROR), made(NOT_REPRODUCED)]) == NOT_REPRODUCED
    assert combine([untestable("q", "no data")]) == NOT_TESTABLE


def test_scaling_a_measurement(evidence):
    loss = evidence().auc_loss("nominal", "fgsm", 0.01, "BvL")
    tripled = scaled(3.0, loss)
    assert (tripled.mean, tripled.statistical) == pytest.approx((3 * loss.mean, 3 * loss.statistical))


def test_the_mean_of_measurements_knows_what_they_share(evidence):
    """Two copies of one loss average to itself, with its error; independent errors would shrink."""
    loss = evidence().auc_loss("nominal", "fgsm", 0.01, "BvL")
    mean = average([loss, scaled(3.0, loss)])
    assert (mean.mean, mean.statistical) == pytest.approx((2 * loss.mean, 2 * loss.statistical))


def test_errors_of_a_sample_of_jets():
    """Jets 0 and 2 with mean 1, trainings a 10 apart."""
    sampled = Sampled(pd.DataFrame({1: [0.0, 2.0], 2: [10.0, 12.0]}))
    assert (sampled.mean, sampled.statistical, sampled.seed) == pytest.approx((6.0, 1.0, 5.0))
    assert np.isnan(Sampled(pd.DataFrame({1: [3.0]})).statistical)
    assert np.isnan(Sampled(pd.DataFrame({1: [3.0, 4.0]})).seed)


def test_one_visible_input_is_enough_to_see_an_attack(evidence, settings):
    """The other 38 are seen with 10 million jets at the earliest; looking at 40 costs some jets."""
    made = evidence(distances={"jets": 1e7})
    table = made.tables["distances"]
    one = (table["distance"] == "jets_to_see") & (table["input"] == "input_7")
    table.loc[one & (table["perturbation"] == "fgsm"), ["low", "value", "high"]] = 960.0, 1000.0, 1040.0
    finding = findings_of(BY_ID["C11"], made, settings)[0]
    assert finding.verdict == NOT_REPRODUCED
    numbers = {number.name: number.value for number in finding.numbers}
    assert numbers["jets (input_7)"] == pytest.approx(1000.0 * price_of_looking(40)) == 10**finding.effect
    assert (numbers["inputs seen with 10,000 jets"], numbers["inputs looked at"]) == (1, 40)
    assert finding.statistical == pytest.approx(-np.log10(0.96))
    assert finding.seed == pytest.approx(0.0, abs=1e-12)


def test_more_inputs_that_move_alike_make_no_shift_surer(evidence, settings):
    """Inputs correlate: three quarters of them more leave the error of C9 as it was."""
    made = evidence()
    few = made.tables["distances"]["input"].isin([f"input_{number}" for number in range(1, 11)])
    some = Evidence("nominal", "adversarial", {**made.tables, "distances": made.tables["distances"][few]})
    for all_inputs, ten in zip(
        BY_ID["C9"].test(made, settings), BY_ID["C9"].test(some, settings), strict=True
    ):
        assert ten.statistical == pytest.approx(all_inputs.statistical)
        assert all_inputs.seeds == 3
    assert BY_ID["C9"].test(made, settings)[0].statistical == pytest.approx(0.01 * np.sqrt(2))


def test_a_quoted_number_has_the_error_that_each_training_has():
    quoted = Quoted(pd.Series({1: 1.0, 2: 1.2}), pd.Series({1: 0.3, 2: 0.3}))
    assert (quoted.mean, quoted.statistical, quoted.seed) == pytest.approx((1.1, 0.3, 0.1))

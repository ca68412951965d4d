"""Each claim on tables made to confirm it, to refute it and to leave it open."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustag.claims.catalogue import CLAIMS
from robustag.claims.evidence import scaled
from robustag.claims.geometry import plane_shape
from robustag.claims.verdict import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    WITHIN_ERROR,
    Finding,
    combine,
    judge,
    untestable,
)

BY_ID = {claim.id: claim for claim in CLAIMS}


class Case(NamedTuple):
    claim: str
    verdict: str
    metrics: dict = {}  # noqa: RUF012 (a NamedTuple never changes)
    geometry: dict = {}  # noqa: RUF012


def losses(**values: float) -> dict:
    """Losses of AUC by ``role_perturbation``."""
    return {"losses": {tuple(name.split("_", 1)): value for name, value in values.items()}}


CASES = [
    Case("C3", REPRODUCED),
    Case("C3", NOT_REPRODUCED, losses(nominal_fgsm=-0.01)),
    Case("C3", WITHIN_ERROR, losses(nominal_fgsm=0.0003)),
    Case("C4", REPRODUCED),
    Case("C4", NOT_REPRODUCED, losses(nominal_noise=0.08)),
    Case("C4", WITHIN_ERROR, losses(nominal_noise=0.0499)),
    Case("C5", REPRODUCED),
    Case("C5", NOT_REPRODUCED, losses(adversarial_fgsm=0.07)),
    Case("C5", WITHIN_ERROR, losses(adversarial_fgsm=0.0499)),
    Case("C6", REPRODUCED, {"clean_cost": 0.001}),
    Case("C6", REPRODUCED, {"clean_cost": -0.01}),
    Case("C6", NOT_REPRODUCED, {"clean_cost": 0.01}),
    Case("C8", REPRODUCED),
    Case("C8", NOT_REPRODUCED, losses(adversarial_ip_resolution_up=0.04)),
    Case("C8", WITHIN_ERROR, losses(adversarial_ip_resolution_up=0.0199)),
    Case("C14", REPRODUCED),
    Case("C14", NOT_REPRODUCED, geometry={"nominal": 0.3, "adversarial": 0.6}),
    Case("C14", WITHIN_ERROR, geometry={"nominal": 0.5, "adversarial": 0.5}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.claim} {case.verdict}")
def test_verdict(case, evidence, settings):
    findings = BY_ID[case.claim].test(evidence(metrics=case.metrics, geometry=case.geometry), settings)
    assert combine(findings) == case.verdict


def test_margin_of_c6_is_judged_with_the_seed_error(make_metrics, evidence, settings):
    """A loss of 0.0035 +- 0.0007 against a margin of 0.003 is open; with less spread it is decided."""
    for spread, verdict in ((0.0012, WITHIN_ERROR), (0.00005, NOT_REPRODUCED)):
        made = evidence(metrics={"clean_cost": 0.0035})
        shift = spread * (made.metrics["seed"] - 2) * (made.metrics["model"] == "adversarial")
        made.metrics["value"] += shift
        finding = BY_ID["C6"].test(made, settings)[0]
        assert finding.seed == pytest.approx(spread / np.sqrt(3), rel=1e-6)
        assert finding.verdict == verdict


def test_paired_replicates_make_the_error_of_a_loss_small(evidence, settings):
    """The common fluctuation of 0.004 cancels; what is left is each number's own 0.0005."""
    finding = BY_ID["C3"].test(evidence(), settings)[0]
    assert finding.effect == pytest.approx(0.05)
    assert finding.statistical == pytest.approx(0.0005 / np.sqrt(3), rel=0.25)
    assert finding.numbers[0].error == pytest.approx(0.004, rel=0.2)


def test_a_ratio_to_nothing_is_not_testable(evidence, settings):
    """In a tiny sample no light jet may pass the cut: the mis-tag ratio does not exist, the AUC decides."""
    made = evidence()
    rates = (made.metrics["metric"] == "mistag_at_efficiency") & (made.metrics["epsilon"] == 0)
    made.metrics.loc[rates, "value"] = 0.0
    findings = BY_ID["C3"].test(made, settings)
    ratio = next(finding for finding in findings if "mis-tag" in finding.quantity)
    assert (ratio.verdict, ratio.reason) == (NOT_TESTABLE, "not a finite number in a sample of this size")
    assert combine(findings) == REPRODUCED


def test_numbers_of_c5_are_the_losses(evidence, settings):
    finding = BY_ID["C5"].test(evidence(), settings)[0]
    assert [number.value for number in finding.numbers] == pytest.approx([0.05, 0.01])
    assert finding.effect == pytest.approx(0.04)


def test_supporting_factor_can_fail_while_the_direction_holds(evidence, settings):
    findings = BY_ID["C5"].test(evidence(metrics=losses(adversarial_fgsm=0.03)), settings)
    assert combine(findings) == REPRODUCED
    factor = next(finding for finding in findings if "3 times" in finding.quantity)
    assert not factor.deciding
    assert factor.verdict == NOT_REPRODUCED


def test_what_was_not_measured_is_not_testable(evidence, settings):
    made = evidence()
    metrics = made.metrics[made.metrics["perturbation"] != "ip_resolution_up"]
    findings = BY_ID["C8"].test(
        type(made)("nominal", "adversarial", metrics, made.geometry, made.planes), settings
    )
    assert [finding.verdict for finding in findings] == [REPRODUCED, NOT_TESTABLE]
    assert combine(findings) == REPRODUCED
    empty = made.geometry.iloc[:0]
    findings = BY_ID["C14"].test(type(made)("nominal", "adversarial", metrics, empty, made.planes), settings)
    assert combine(findings) == NOT_TESTABLE


def test_every_robustness_claim_survives_an_empty_selection(evidence, settings):
    made = evidence()
    bare = type(made)("nominal", "adversarial", made.metrics.iloc[:0], made.geometry, made.planes.iloc[:0])
    for claim in CLAIMS:
        expected = REPRODUCED if claim.id == "C14" else NOT_TESTABLE
        assert combine(claim.test(bare, settings)) == expected, claim.id


ALL_JETS = 1
"""Position of the finding over jets of every flavour among those of C14; the b jets come first and decide."""


def test_c14_is_decided_by_b_jets(evidence, settings):
    made = evidence()
    jets = made.geometry
    b_jets = (jets["label"] == 0) & (jets["model"] == "nominal")
    assert b_jets.any()
    jets.loc[b_jets, "grad_ratio"] = 0.0
    findings = BY_ID["C14"].test(made, settings)
    assert combine(findings) == NOT_REPRODUCED
    assert findings[ALL_JETS].verdict == REPRODUCED


def test_one_training_decides_no_comparison_of_models(evidence, settings):
    made = evidence()
    one = type(made)(
        *(made.nominal, made.adversarial),
        *(table[table["seed"] == 1] for table in (made.metrics, made.geometry, made.planes)),
    )
    verdicts = {claim.id: combine(claim.test(one, settings)) for claim in CLAIMS}
    assert verdicts["C3"] == verdicts["C4"] == REPRODUCED
    assert {verdicts[name] for name in ("C5", "C6", "C8", "C14")} == {WITHIN_ERROR}


def test_jets_with_a_flat_loss_are_left_out(evidence, settings):
    made = evidence()
    jets = made.geometry
    flat = (jets["model"] == "adversarial") & (jets["seed"] == 2) & (jets["jet"] < 40)
    jets.loc[flat, "grad_ratio"] = np.nan
    finding = BY_ID["C14"].test(made, settings)[ALL_JETS]
    assert finding.numbers[-1].value == 260
    assert finding.verdict == REPRODUCED


def test_slope_ratio_error_is_that_of_the_paired_mean(evidence, settings):
    """Uniform scatter of half-width 0.1 in 300 jets, three independent trainings of two models."""
    finding = BY_ID["C14"].test(evidence(), settings)[ALL_JETS]
    one_jet = np.sqrt(2 * (0.2**2 / 12) / 3)
    assert finding.statistical == pytest.approx(one_jet / np.sqrt(300), rel=0.15)
    assert finding.effect == pytest.approx(0.3, abs=0.01)


def test_plane_shape_of_a_bilinear_plane(make_planes):
    """1 + a x + b y + c x y over the unit square has the mean 1, the changes a and b, and interaction c."""
    planes = make_planes(nominal=(0.2, -0.1, 0.3))
    shape = plane_shape(planes[(planes["model"] == "nominal") & (planes["seed"] == 2)])
    assert shape == pytest.approx(
        {
            "change_x": 0.2,
            "change_y": -0.1,
            "interaction": 0.3,
        }
    )


def test_single_jet_has_only_the_seed_error(evidence, settings):
    finding = BY_ID["C14"].test(evidence(), settings)[-1]
    assert np.isnan(finding.statistical)
    # |c| = 0.02 and 0.001, both scattered by 5 % over the seeds.
    assert finding.seed == pytest.approx(0.05 * 0.019 / np.sqrt(3))
    assert finding.verdict == REPRODUCED


@given(
    effect=st.floats(-1, 1),
    error=st.floats(1e-6, 1),
    threshold=st.floats(-1, 1),
    significance=st.floats(0.5, 5),
)
def test_judging_is_antisymmetric(effect, error, threshold, significance):
    opposite = {REPRODUCED: NOT_REPRODUCED, NOT_REPRODUCED: REPRODUCED, WITHIN_ERROR: WITHIN_ERROR}
    verdict = judge(effect, error, threshold, significance)
    assert judge(-effect, error, -threshold, significance) == opposite[verdict]


@pytest.mark.parametrize(("effect", "error"), [(float("nan"), 0.1), (0.1, float("nan")), (float("inf"), 0.1)])
def test_no_number_no_verdict(effect, error):
    assert judge(effect, error, 0.0, 2.0) == NOT_TESTABLE


def test_combination():
    def made(verdict, deciding=True):
        return Finding("q", 0.0, 0.0, 0.0, 3, 0.0, deciding, verdict)

    assert combine([made(REPRODUCED), made(NOT_REPRODUCED, deciding=False)]) == REPRODUCED
    assert combine([made(REPRODUCED), made(WITHIN_ERROR)]) == WITHIN_ERROR
    assert combine([made(WITHIN_ERROR), made(NOT_REPRODUCED)]) == NOT_REPRODUCED
    assert combine([untestable("q", "no data")]) == NOT_TESTABLE


def test_scaling_a_measurement(evidence):
    loss = evidence().auc_loss("nominal", "fgsm", 0.01, "BvL")
    tripled = scaled(3.0, loss)
    assert (tripled.mean, tripled.statistical) == pytest.approx((3 * loss.mean, 3 * loss.statistical))

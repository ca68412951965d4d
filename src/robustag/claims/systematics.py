"""Test of the claim that attacks are a model of systematic uncertainties."""

from dataclasses import replace

from robustag.claims.evidence import Evidence, find
from robustag.claims.mismodelling import other_mismodelling_is_tolerated
from robustag.claims.quantities import measured
from robustag.claims.robustness import performance_is_preserved
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable

#: Displacements that know nothing of a jet's systematics, as many as these.
NULLS = ("random_jet", "other_jet", "flipped")
_HALF = 0.5
_MODEL = "model of systematics"
# What systematics are made of, among the kinds of mismodelling.
_SYSTEMATICS = ("detector", "generator")


def attacks_model_systematics(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C12: attacks work along the ways in which detectors and generators are wrong, and training helps.

    Three questions. Attacks are a model of systematics if at least half of what one costs the nominal model
    is left along what re-simulated systematics do to the jet; that more is left than along displacements
    which know nothing of the jet supports it. Robustness: systematics change the rates of the adversarial
    model less (C8). Performance stays high (C6).
    """
    robust = [
        replace(finding, part="robustness")
        for finding in other_mismodelling_is_tolerated(evidence, settings)
        if finding.deciding and finding.part in _SYSTEMATICS
    ]
    preserved = [
        replace(finding, part="performance") for finding in performance_is_preserved(evidence, settings)
    ]
    return [*_along_systematics(evidence), *robust, *preserved]


def _along_systematics(evidence: Evidence) -> list[Finding]:
    """Share of the attack's cost that the span of a jet's systematics keeps: its size, and beyond nulls."""
    rows = evidence.rows("spans", model=evidence.nominal, discriminator="BvL", kept="projected")
    shares = {
        span: measured(rows[rows["span"] == span].rename(columns={"share": "value"}))
        for span in ("jet", *NULLS)
        if (rows["span"] == span).any()
    }
    quantity = (
        "share of the attack's loss of BvL AUC left along what systematics do to the jet, nominal model"
    )
    if "jet" not in shares:
        reason = "the study compares no attack with re-simulated systematics"
        return [untestable(quantity, reason, part=_MODEL)]
    systematics = shares.pop("jet")
    findings = [find(quantity, systematics, shares, threshold=_HALF, part=_MODEL)]
    return findings + [
        find(
            f"the same, minus that left along {span.replace('_', ' ')} displacements",
            systematics - null,
            {"systematics": systematics, span: null},
            deciding=False,
            part=_MODEL,
        )
        for span, null in shares.items()
    ]

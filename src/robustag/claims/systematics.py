"""Test of the claim that attacks are a model of systematic uncertainties."""

from dataclasses import replace

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import Quoted
from robustag.claims.robustness import (
    adversarial_training_mitigates,
    other_mismodelling_is_tolerated,
    performance_is_preserved,
)
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable


def attacks_model_systematics(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C12: an attack works along the ways in which detectors and generators are wrong, and training helps.

    Decided by three things. The part of the attack's moves that lies in the span of what re-simulated
    systematics do to the same jet costs the nominal model more BvL AUC than the part in as many random
    directions. The attack costs the adversarial model less (C5), and it keeps its performance (C6). That it
    copes better with mismodelling (C8) supports it.
    """
    mitigated, preserved = (
        [
            finding
            for finding in test(evidence, settings)
            if finding.deciding and finding.discriminator == "BvL"
        ]
        for test in (adversarial_training_mitigates, performance_is_preserved)
    )
    tolerated = [
        replace(finding, deciding=False) for finding in other_mismodelling_is_tolerated(evidence, settings)
    ]
    return [_along_systematics(evidence), *mitigated, *preserved, *tolerated]


def _along_systematics(evidence: Evidence) -> Finding:
    """Share of the attack's cost that the span of a jet's systematics keeps, beyond that of random ones."""
    quantity = (
        "share of the attack's loss of BvL AUC left along what systematics do to the jet, minus that left "
        "along as many random directions, nominal model"
    )
    rows = evidence.rows("spans", model=evidence.nominal, discriminator="BvL", kept="projected")
    parts = {span: rows[rows["span"] == span] for span in ("jet", "random_jet")}
    if any(part.empty for part in parts.values()):
        return untestable(quantity, "the study compares no attack with re-simulated systematics")
    # The table has no replicates: statistical errors add up in quadrature, correlated ones too large.
    systematics, random = (Quoted.of(part, "share", "share_low", "share_high") for part in parts.values())
    numbers = {"systematics": systematics, "random": random}
    return find(quantity, systematics - random, numbers)

"""Putting every claim to the test, for each pair of models on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from robustag.claims.catalogue import CLAIMS
from robustag.claims.claim import Claim
from robustag.claims.evidence import Evidence
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, combine, decide, parts


@dataclass(frozen=True)
class Judgement:
    """What became of one claim in one arm, of the pair of these models."""

    claim: Claim
    arm: str
    models: tuple[str, str]
    verdict: str
    findings: tuple[Finding, ...]

    @property
    def parts(self) -> dict[str, str]:
        """Verdict of each question that the claim holds; empty for a claim that is a whole."""
        return parts(self.findings)


def findings_of(claim: Claim, evidence: Evidence, settings: Settings) -> list[Finding]:
    """The tests of one claim on one pair of models, as one family."""
    return decide(claim.test(evidence, settings), settings.significance)


def judge_claims(
    tables: Mapping[str, pd.DataFrame], pairs: Sequence[Mapping[str, str]], settings: Settings
) -> list[Judgement]:
    """Test all claims on all pairs; claims in their order, arms in that of the pairs.

    Parameters
    ----------
    tables
        The collected tables, see `robustag.claims.evidence.Evidence`.
    pairs
        ``label``, ``nominal`` and ``adversarial`` of each arm.
    settings
        How to test.
    """
    # Each indexes its numbers once, for all claims.
    evidences = [(pair["label"], Evidence(pair["nominal"], pair["adversarial"], tables)) for pair in pairs]
    judgements = []
    for claim in CLAIMS:
        for arm, evidence in evidences:
            findings = tuple(findings_of(claim, evidence, settings))
            judgements.append(Judgement(claim, arm, evidence.models, combine(findings), findings))
    return judgements

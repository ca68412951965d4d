"""Studies in which nothing has an effect: two models of one recipe, which mismodelling changes alike."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from robustag.claims.catalogue import CLAIMS
from robustag.claims.evidence import Evidence
from robustag.claims.judge import findings_of
from robustag.claims.verdict import NOT_REPRODUCED, REPRODUCED

C8 = next(claim for claim in CLAIMS if claim.id == "C8")
SOURCES = {"inputs": ("shift", "order"), "detector": ("resolution", "fakes", "alignment")}
REPLICATES = 60


def null_study(rng: np.random.Generator, seeds: int) -> pd.DataFrame:
    """Rates at fixed cuts under five sources of effects between nothing and a fifth.

    What fluctuates in the sample is common to all trainings, beside noise of each; trainings differ in how
    much a source changes them. The bootstrap scatters around the sample as that does around the truth.
    """
    rows = []
    for source in (name for names in SOURCES.values() for name in names):
        for discriminator in ("BvL", "CvL"):
            for metric in ("fixed_cut_efficiency", "fixed_cut_mistag"):
                effect = rng.uniform(-0.2, 0.2)
                shared = 0.02 * rng.standard_normal(1 + REPLICATES)
                for model in ("nominal", "adversarial"):
                    for seed in range(seeds):
                        noise = shared + 0.01 * rng.standard_normal(1 + REPLICATES)
                        noise[0] += 0.02 * rng.standard_normal()
                        noise[1:] += noise[0]
                        case = (model, seed, "scenario", source)
                        for epsilon, change in ((0.0, np.zeros_like(noise)), (1.0, effect + noise)):
                            values = 0.1 * (1 + change)
                            number = (epsilon, discriminator, metric, 0.01, values[0], values[1:])
                            rows.append((*case, *number))
    columns = ["model", "seed", "kind", "perturbation", "epsilon", "discriminator", "metric"]
    return pd.DataFrame(rows, columns=[*columns, "working_point", "value", "replicates"])


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
def test_a_claim_about_nothing_is_seldom_decided(settings, seeds):
    entries = [
        {"label": name, "perturbation": name, "epsilon": 1.0, "source": name, "kind": kind}
        for kind, names in SOURCES.items()
        for name in names
    ]
    asked = replace(settings, mismodellings=entries)
    rng = np.random.default_rng(23)
    studies, wrong = 60, 0
    for _ in range(studies):
        pair = Evidence("nominal", "adversarial", {"metrics": null_study(rng, seeds)})
        findings = findings_of(C8, pair, asked)
        assert any(np.isfinite(finding.effect) for finding in findings)
        wrong += any(finding.verdict in (REPRODUCED, NOT_REPRODUCED) for finding in findings)
    # What a rate of 5 % exceeds once in a thousand times.
    assert wrong <= binom.ppf(0.999, studies, 0.05)

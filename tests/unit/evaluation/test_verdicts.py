"""Verdicts on adversarial training: paired, significant or not, and the share it gives back."""

import numpy as np
import pandas as pd
import pytest

from robustag.evaluation.verdicts import verdicts

PAIR = {"label": "clean", "nominal": "plain", "adversarial": "hardened"}


def metrics(plain: float, hardened: float, noise: float = 0.001) -> pd.DataFrame:
    """AUC 0.9 on clean jets; losses to one scenario; two seeds and 200 replicates of common and own noise."""
    generator = np.random.default_rng(1)
    common = 0.01 * generator.standard_normal(200)
    rows = []
    for model, loss in (("plain", plain), ("hardened", hardened)):
        for seed in (1, 2):
            for epsilon in (0.0, 1.0):
                value = 0.9 - loss * epsilon + 0.0001 * seed
                own = noise * epsilon * generator.standard_normal(200)
                for metric, point in (
                    ("auc", np.nan),
                    ("fixed_cut_efficiency", 0.01),
                    ("fixed_cut_mistag", 0.01),
                ):
                    rows.append(
                        {
                            "model": model,
                            "seed": seed,
                            "kind": "scenario",
                            "perturbation": "x",
                            "epsilon": epsilon,
                            "discriminator": "BvL",
                            "metric": metric,
                            "working_point": point,
                            "value": value,
                            "replicates": value + common + own,
                        }
                    )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("plain", "hardened", "verdict"),
    [
        (0.02, 0.01, "helps"),
        (0.02, 0.03, "hurts"),
        (0.02, 0.0201, "no difference"),
        (0.0002, 0.0001, "harmless"),
    ],
)
def test_verdicts_follow_paired_errors(plain, hardened, verdict):
    table = verdicts(metrics(plain, hardened), [PAIR], ["BvL"], [0.01], 2.0)
    auc = table[table["metric"] == "auc"].iloc[0]
    assert auc["verdict"] == verdict
    assert auc["nominal"] == pytest.approx(plain)
    assert auc["gain"] == pytest.approx(plain - hardened)
    # The noise that all rows share cancels: far below its 0.01.
    assert auc["gain_error"] == pytest.approx(0.001, rel=0.3)
    if verdict == "harmless":
        assert np.isnan(auc["recovered"])
    else:
        assert auc["recovered"] == pytest.approx(1 - hardened / plain, abs=0.02)


def test_any_change_of_a_rate_at_a_fixed_cut_is_a_loss():
    table = verdicts(metrics(-0.02, -0.01), [PAIR], ["BvL"], [0.01], 2.0).set_index("metric")
    for rate in ("fixed_cut_mistag", "fixed_cut_efficiency"):
        assert table.loc[rate, "nominal"] == pytest.approx(0.02 / 0.90015)
        assert table.loc[rate, "verdict"] == "helps"

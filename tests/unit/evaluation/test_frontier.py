"""Ways of training side by side: closed forms, families of tests, and the answer to C18."""

import numpy as np
import pandas as pd
import pytest

from robustag.claims.robust_training import NO, YES, judged, robust_training_page
from robustag.claims.verdict import NOT_TESTABLE, WITHIN_ERROR
from robustag.evaluation.frontier import BETTER, RAW, WORSE, performances, uncertainties
from robustag.evaluation.scale_factors import LARGER, SMALLER, TOTAL, compare
from robustag.evaluation.significance import ALIKE
from robustag.mismodelling.sources import Source

SOURCES = {"up": Source("scale", "detector", 1.0), "tails": Source("tails", "detector", 1.0)}
DISCRIMINATORS = ["BvL", "BvC"]
RATES = [("BvL", "fixed_cut_efficiency"), ("BvL", "fixed_cut_mistag"), ("BvC", "fixed_cut_mistag")]
REPLICATES, SEEDS = 60, (1, 2, 3)


def study(changes, aucs, seed=1, scatter=1e-4, seeds=SEEDS):
    """Metrics of models: model -> changes of all rates by each perturbation, and AUCs raw and under FGSM."""
    generator = np.random.default_rng(seed)
    rows = []

    def add(model, perturbation, kind, epsilon, discriminator, metric, point, value):
        for number in seeds:
            noise = scatter * generator.standard_normal(REPLICATES + 1)
            rows.append(
                {
                    **{"model": model, "seed": number, "kind": kind, "perturbation": perturbation},
                    **{"epsilon": epsilon, "discriminator": discriminator, "metric": metric},
                    **{"working_point": point, "value": value + noise[0], "replicates": value + noise[1:]},
                }
            )

    for model, of_model in changes.items():
        for discriminator, metric in RATES:
            for name, change in of_model.items():
                for epsilon in (0.0, 1.0):
                    value = 0.5 * (1 + epsilon * change)
                    add(model, name, "scenario", epsilon, discriminator, metric, 0.01, value)
        for discriminator in DISCRIMINATORS:
            for epsilon, value in zip((0.0, 0.05), aucs[model], strict=True):
                add(model, "fgsm", "attack", epsilon, discriminator, "auc", np.nan, value)
    return pd.DataFrame(rows)


CHANGES = {
    "nominal": {"up": 0.04, "tails": 0.03},
    "half": {"up": 0.02, "tails": 0.015},
    "costly": {"up": 0.01, "tails": 0.01},
    "worse": {"up": 0.05, "tails": 0.04},
}
AUCS = {"nominal": (0.93, 0.88), "half": (0.9295, 0.89), "costly": (0.92, 0.90), "worse": (0.93, 0.88)}
MODELS = ["half", "costly", "worse"]


def compared(metrics, models=MODELS):
    asked = metrics, "nominal", models, DISCRIMINATORS
    return (
        uncertainties(*asked, SOURCES, 2.0, 0.2),
        performances(*asked, ["fgsm"], 0.05, 2.0, 0.003),
    )


@pytest.fixture
def found():
    return compared(study(CHANGES, AUCS))


def test_totals_are_quadratic_sums_and_their_differences_are_judged(found):
    table = found[0].query("source == 'total' and discriminator == 'BvL' and metric == 'fixed_cut_mistag'")
    rows = table.set_index("model")
    assert rows["nominal"].tolist() == pytest.approx([0.05] * 3, rel=0.02)
    assert rows["trained"].tolist() == pytest.approx(
        [0.025, np.hypot(0.01, 0.01), np.hypot(0.05, 0.04)], rel=0.03
    )
    assert rows["answer"].tolist() == [SMALLER, SMALLER, LARGER]
    assert rows["worth"].tolist() == [SMALLER, SMALLER, LARGER]


def test_aucs_are_compared_on_the_same_jets(found):
    rows = found[1].query("discriminator == 'BvL'").set_index(["perturbation", "model"])
    assert rows.loc[(RAW, "costly"), "difference"] == pytest.approx(-0.01, abs=3e-4)
    assert rows.loc[("fgsm", "half"), "difference"] == pytest.approx(0.01, abs=3e-4)
    assert rows.loc[RAW, "preserved"].tolist() == [BETTER, WORSE, BETTER]
    assert rows.loc["fgsm", "answer"].tolist() == [BETTER, BETTER, ALIKE]


def test_mirrored_discriminators_have_one_auc():
    metrics = study({"nominal": {}, "half": {}}, AUCS)
    mirrored = metrics[metrics["discriminator"] == "BvC"].assign(discriminator="CvB")
    table = performances(
        pd.concat([metrics, mirrored]),
        "nominal",
        ["half"],
        [*DISCRIMINATORS, "CvB"],
        ["fgsm"],
        0.05,
        2.0,
        0.003,
    )
    assert list(dict.fromkeys(table["discriminator"])) == DISCRIMINATORS


def test_c18_wants_both_and_one_way_is_enough(found):
    assert judged(*found, RATES[0]) == (YES, ["half"])
    without = [table[table["model"] != "half"] for table in found]
    assert judged(*without, RATES[0]) == (NO, [])


def test_c18_stays_open_where_errors_are_large_and_where_nothing_was_repeated():
    changes = {"nominal": CHANGES["nominal"], "half": {"up": 0.033, "tails": 0.024}}
    vague = compared(study(changes, AUCS, scatter=2e-3), ["half"])
    assert judged(*vague, RATES[0]) == (WITHIN_ERROR, [])
    once = compared(study(changes, AUCS, seeds=(1,)), ["half"])
    assert judged(*once, RATES[0]) == (NOT_TESTABLE, [])
    assert judged(vague[0].assign(resolved=False), vague[1], RATES[0]) == (NOT_TESTABLE, [])


def test_a_fifth_less_is_not_a_fifth_less_than_that():
    """At exactly the share the test of the share says neither, whatever the plain difference says."""
    changes = {"nominal": CHANGES["nominal"], "fifth": {"up": 0.032, "tails": 0.024}}
    table, _ = compared(study(changes, {"nominal": (0.9, 0.8), "fifth": (0.9, 0.8)}), ["fifth"])
    totals = table[table["source"] == TOTAL]
    assert set(totals["answer"]) == {SMALLER}
    assert (totals["worth"] == ALIKE).sum() >= 2


def test_no_way_without_effect_is_called_one_more_often_than_the_level_says():
    """Eight trainings of the nominal recipe under other names: one family."""
    names = [f"same{number}" for number in range(8)]
    wrong = 0
    for seed in range(20):
        changes = dict.fromkeys(["nominal", *names], CHANGES["nominal"])
        table, aucs = compared(study(changes, dict.fromkeys(changes, (0.93, 0.88)), seed, 3e-4), names)
        wrong += (table[table["source"] == TOTAL]["answer"] != ALIKE).any()
        wrong += (aucs["answer"] != ALIKE).any()
    # Of 40 families at 4.6 per cent each: five or more in 4 % of cases.
    assert wrong < 5


def test_all_models_are_summed_over_the_same_sources():
    """A source that only one model feels is in the totals of all; alone, a pair leaves it out."""
    changes = {
        "nominal": {"up": 0.04, "tails": 0.0},
        "half": {"up": 0.02, "tails": 0.0},
        "sensitive": {"up": 0.04, "tails": 0.03},
    }
    metrics = study(changes, dict.fromkeys(changes, (0.93, 0.88)))
    table, _ = compared(metrics, ["half", "sensitive"])
    assert table.query("model == 'half' and source == 'tails'")["resolved"].all()
    pairs = [{"label": "half", "nominal": "nominal", "adversarial": "half"}]
    alone = compare(metrics, pairs, DISCRIMINATORS, SOURCES, 2.0).query("source == 'tails'")
    assert not alone["resolved"].all()


def test_the_page_says_all_of_it(found):
    options = {
        **{"nominal": "nominal", "working_point": 0.01, "less": 0.2, "within": 0.003},
        "discriminators": DISCRIMINATORS,
    }
    page = robust_training_page(*found, "toy", options, {"half": ["tails"]})
    assert "* b efficiency, BvL: **yes** by half." in page
    assert "at least 20 % at unchanged performance" in page
    lines = page.splitlines()
    seen = [line.split("|")[2:5] for line in lines if line.startswith("| tails ")]
    assert len(seen) == len(RATES)
    # Of half, costly and worse; the first has seen this source.
    assert [[cell.strip().endswith(")*") for cell in cells] for cells in seen] == [[True, False, False]] * 3
    overview = next(line for line in lines if line.startswith("| costly "))
    assert "0.9200 (**-0.01" in overview
    assert "5.0" in overview

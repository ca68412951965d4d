"""Nominal against adversarial agreement: paired errors, the number of tests, and what one training allows."""

import numpy as np
import pandas as pd
import pytest

from robustag.errors import InputError
from robustag.evaluation.data_verdicts import BETTER, WORSE, all_bins, data_verdicts
from robustag.evaluation.significance import ALIKE, UNKNOWN

PAIRS = [{"label": "clean", "nominal": "n", "adversarial": "a"}]
BINS = [(20.0, 900.0), (20.0, 50.0), (50.0, 900.0)]


def agreement(js, seeds=(1, 2, 3), spread=0.001, floor=0.01, common=0.0):
    """Of both models, in all bins alike; js: by model and quantity.

    Replicates scatter by `spread` for each number alone and by `common` for all of them together.
    """
    random = np.random.default_rng(1)
    shared = random.normal(0, common, 50)
    rows = []
    for (model, quantity), value in js.items():
        for seed in seeds:
            for low, high in BINS:
                row = {"model": model, "seed": seed, "quantity": quantity, "bin_low": low, "bin_high": high}
                numbers = {"data": 500.0, "simulation": 900.0, "chi2": 60.0, "ndf": 40, "floor": floor}
                replicates = (value + floor + shared + random.normal(0, spread, 50)).astype(np.float32)
                own = value + random.normal(0, 1e-5)
                rows.append({**row, **numbers, "js": own, "replicates": replicates})
    return pd.DataFrame(rows)


JS = {("n", "BvL"): 0.03, ("a", "BvL"): 0.02, ("n", "CvL"): 0.02, ("a", "CvL"): 0.0201}


def verdict(table, discriminators=("BvL", "CvL")):
    found = data_verdicts(table, PAIRS, discriminators, 2.0)
    return found[all_bins(found)].set_index("discriminator")


def test_the_smaller_divergence_agrees_better_where_that_is_significant():
    found = verdict(agreement(JS))
    assert found["verdict"].to_dict() == {"BvL": BETTER, "CvL": ALIKE}
    assert found.loc["BvL", "nominal"] == pytest.approx(0.02, abs=1e-4)
    assert found.loc["BvL", "difference"] == pytest.approx(0.01, abs=1e-4)
    assert found.loc["BvL", ["nominal_chi2", "data", "simulation"]].tolist() == [1.5, 500, 900]
    turned = {("a" if model == "n" else "n", name): value for (model, name), value in JS.items()}
    assert verdict(agreement(turned))["verdict"]["BvL"] == WORSE


def test_every_bin_is_judged():
    found = data_verdicts(agreement(JS), PAIRS, ["BvL", "CvL"], 2.0)
    assert list(zip(found["bin_low"], found["bin_high"], strict=True)) == [bin for bin in BINS for _ in "12"]
    assert all_bins(found).tolist() == [True] * 2 + [False] * 4


def test_what_scatters_in_both_models_alike_does_not_enter_the_difference():
    found = verdict(agreement(JS, common=0.05))
    assert found.loc["BvL", "nominal_error"] > 0.03 > 0.003 > found.loc["BvL", "difference_error"]
    assert found.loc["BvL", "verdict"] == BETTER


def test_a_floor_of_its_own_is_taken_from_each_model():
    table = agreement({("n", "BvL"): 0.03, ("a", "BvL"): 0.02})
    table.loc[table["model"] == "n", "floor"] += 0.01
    assert verdict(table, ["BvL"])["verdict"]["BvL"] == ALIKE


def test_one_training_says_nothing_about_another():
    found = verdict(agreement(JS, seeds=(1,)))
    assert (found["verdict"] == UNKNOWN).all()
    assert found["p"].isna().all()
    assert np.isfinite(found["difference_error"]).all()


def test_p_values_are_corrected_for_the_discriminators_of_a_pair():
    js = {("n", f"d{number}"): 0.02 for number in range(5)}
    js |= {("a", name): value for (_, name), value in js.items()} | {("a", "d0"): 0.017}
    table = agreement(js)
    alone = verdict(table, ["d0"])["p"]["d0"]
    assert verdict(table, [f"d{number}" for number in range(5)])["p"]["d0"] == pytest.approx(5 * alone)


def test_a_model_that_was_not_compared_is_named():
    table = agreement({("n", "BvL"): 0.03})
    with pytest.raises(InputError, match="no row of BvL, 20 to 900 GeV, for model 'a'"):
        data_verdicts(table, PAIRS, ["BvL"], 2.0)

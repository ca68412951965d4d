"""What figures take from the configuration, and the columns that their tables share."""

import numpy as np
import pandas as pd
import pytest

from robustag.evaluation.differences import Measurement
from robustag.plotting.columns import in_front, seed_averaged
from robustag.plotting.options import RAW, Mismodelling, Pair, Perturbation


def test_a_pair_knows_its_models_by_role():
    (pair,) = Pair.each([{"label": "clean", "nominal": "plain", "adversarial": "hardened"}])
    assert (pair.label, pair.model("nominal"), pair.model("adversarial")) == ("clean", "plain", "hardened")


@pytest.mark.parametrize(
    ("kind", "entry", "key"),
    [
        (Pair, {"label": "clean", "nominal": "plain", "adversary": "hardened"}, "adversary"),
        (Pair, {"label": "clean", "nominal": "plain"}, "adversarial"),
        (Mismodelling, {"label": "blur", "perturbation": "blur", "strength": 1.0}, "strength"),
    ],
)
def test_a_key_that_is_wrong_or_absent_is_named(kind, entry, key):
    with pytest.raises(TypeError, match=key):
        kind.each([entry])


def test_a_perturbation_is_named_with_its_strength():
    attack = Perturbation("fgsm", 0.05)
    assert (attack.title, attack.short) == (r"FGSM, $\varepsilon$ = 0.05", "FGSM 0.05")
    assert RAW.title == "raw"


def test_columns_of_one_value_come_first_and_in_order():
    table = in_front(pd.DataFrame({"value": [1.0, 2.0]}, index=[3, 5]), model="plain", epsilon=0.1)
    assert list(table.columns) == ["model", "epsilon", "value"]
    assert list(table.index) == [3, 5]
    assert set(table["model"]) == {"plain"}


def test_a_measurement_becomes_its_mean_and_its_errors():
    measured = Measurement((1, 2), np.array([0.8, 0.9]), np.array([[0.7, 0.9], [0.8, 1.0]]))
    columns = seed_averaged("auc", measured)
    assert list(columns) == ["auc", "statistical", "seed", "error"]
    assert columns["auc"] == pytest.approx(0.85)
    assert columns["error"] == pytest.approx(np.hypot(columns["statistical"], columns["seed"]))

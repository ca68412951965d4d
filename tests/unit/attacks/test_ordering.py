"""The orders among audited attacks, on made-up audits."""

import pandas as pd
import pytest

from robustag.attacks import AttackDefinition
from robustag.attacks.ordering import check_orders, comparisons

PGD = {"name": "pgd", "steps": 4, "rate": 2.5, "restarts": 0}
RAW = {
    "noise": {"name": "noise", "factors": "none"},
    "fgsm": {"name": "fgsm", "factors": "none"},
    "strong": {**PGD, "factors": "none", "jets": 100},
    "from_other": {"name": "transfer", "factors": "none", "source": "other", "attack": PGD},
    "wide": {"name": "fgsm", "factors": "as_intended"},
    "search": {"name": "random_search", "factors": "none", "queries": 9, "share": 0.5, "objective": "margin"},
    "margin": {"name": "apgd", "factors": "none", "steps": 4, "objective": "margin"},
    "other_loss": {"name": "apgd", "factors": "none", "steps": 4, "objective": "loss"},
}
DEFINITIONS = {name: AttackDefinition.of(raw) for name, raw in RAW.items()}
EFFECT = {"noise": 0.01, "fgsm": 0.2, "strong": 0.3, "from_other": 0.25, "wide": 0.4, "search": 0.1}
EFFECT |= {"margin": 0.32, "other_loss": 0.3}


def audits(changes=()):
    rows = [
        {
            "model": "tagger",
            "seed": 1,
            "perturbation": name,
            "epsilon": epsilon,
            "audited_jets": 2000,
            **dict.fromkeys(("loss", "margin", "raised", "misread"), 1 + 10 * epsilon * effect),
        }
        for name, effect in EFFECT.items()
        for epsilon in (0.0, 0.05, 0.1)
    ]
    table = pd.DataFrame(rows)
    for name, epsilon, measure, value in changes:
        table.loc[(table.perturbation == name) & (table.epsilon == epsilon), measure] = value
    return table


def test_which_attacks_are_compared():
    found = {(rule, weaker, stronger) for rule, weaker, stronger, _ in comparisons(DEFINITIONS)}
    assert found == {
        *(("monotone", name, name) for name in EFFECT if name != "noise"),
        ("stronger attack", "noise", "fgsm"),
        *(("stronger attack", "fgsm", stronger) for stronger in ("strong", "other_loss")),
        *(("black box", "search", stronger) for stronger in ("strong", "other_loss")),
        *(("own loss", "margin", stronger) for stronger in ("strong", "other_loss")),
        ("white box", "from_other", "strong"),
    }


def test_sound_attacks_keep_every_order():
    orders = check_orders(audits(), DEFINITIONS)
    assert len(orders) == 2 * len(list(comparisons(DEFINITIONS)))
    assert orders["holds"].all()


@pytest.mark.parametrize(
    ("change", "rule", "weaker"),
    [
        (("strong", 0.1, "raised", 1.1), "monotone", "strong"),
        (("noise", 0.05, "loss", 1.5), "stronger attack", "noise"),
        (("from_other", 0.1, "misread", 1.5), "white box", "from_other"),
        (("search", 0.1, "raised", 1.0), "monotone", "search"),
        (("search", 0.1, "loss", 1.4), "black box", "search"),
        (("margin", 0.1, "misread", 1.4), "own loss", "margin"),
    ],
)
def test_a_broken_order_is_found(change, rule, weaker):
    failing = check_orders(audits([change]), DEFINITIONS).query("not holds")
    assert (rule, weaker) in set(zip(failing["rule"], failing["weaker"], strict=True))


def test_a_miss_within_two_percent_of_the_effect_is_none():
    assert (
        check_orders(audits([("strong", 0.1, "raised", 1.199)]), DEFINITIONS)
        .query("stronger == 'strong' and weaker == 'fgsm'")["holds"]
        .all()
    )
    assert not check_orders(audits([("strong", 0.1, "raised", 1.19)]), DEFINITIONS)["holds"].all()


def test_raw_jets_are_in_no_order():
    """They are the same for all attacks, and their mean losses differ by the rounding of unlike batches."""
    orders = check_orders(audits([("fgsm", 0.0, "raised", 1.1)]), DEFINITIONS)
    assert 0.0 not in set(orders["epsilon"])
    assert orders.query("weaker == 'fgsm' and stronger == 'strong'")["holds"].all()


@pytest.mark.parametrize(("excess", "holds"), [(1e-7, True), (1e-5, False)])
@pytest.mark.parametrize("size", [1.0, 2.6e-5])
def test_a_model_that_nothing_moves_is_in_order_up_to_rounding(size, excess, holds):
    """Its losses are all one number, of any size, and only differ in their last digits."""
    audit = audits()
    audit[["loss", "raised"]] = size
    audit.loc[(audit["perturbation"] == "fgsm") & (audit["epsilon"] > 0), "raised"] *= 1 + excess
    of_rule = check_orders(audit, DEFINITIONS).query("weaker == 'fgsm' and stronger == 'strong'")
    assert set(of_rule["holds"]) == {holds}


@pytest.mark.parametrize(("jets", "holds"), [(1, True), (3, True), (12, False)])
@pytest.mark.parametrize(
    ("rule", "weaker", "stronger"), [("white box", "from_other", "strong"), ("monotone", "short", "short")]
)
def test_few_jets_of_all_are_chance_in_every_order_of_shares(rule, weaker, stronger, jets, holds):
    definitions = DEFINITIONS | {
        "short": AttackDefinition.of({"name": "deepfool", "factors": "none", "steps": 2, "overshoot": 0.02})
    }
    audit = audits()
    short = audit[audit["perturbation"] == "strong"].assign(perturbation="short")
    audit = pd.concat([audit, short], ignore_index=True)
    audit["misread"] = 0.3 + 0.01 * (audit["epsilon"] > 0)
    raised = (audit["perturbation"] == weaker) & (audit["epsilon"] == 0.05)
    audit.loc[raised, "misread"] += jets / 2000
    orders = check_orders(audit, definitions).query(
        "rule == @rule and weaker == @weaker and stronger == @stronger"
    )
    assert orders["holds"].all() == holds


def test_few_jets_more_by_another_objective_are_chance():
    """20 % of an effect of 0.02 is exceeded by four of 2000 jets, which are within two standard errors."""
    audit = audits()
    audit["misread"] = 0.3 + 0.01 * (audit["epsilon"] > 0)
    audit.loc[(audit["perturbation"] == "margin") & (audit["epsilon"] > 0), "misread"] += 4 / 2000
    of_rule = check_orders(audit, DEFINITIONS).query("rule == 'own loss'")
    assert of_rule["holds"].all()
    audit.loc[(audit["perturbation"] == "margin") & (audit["epsilon"] > 0), "misread"] += 8 / 2000
    of_rule = check_orders(audit, DEFINITIONS).query("rule == 'own loss' and epsilon > 0")
    assert not of_rule["holds"].any()

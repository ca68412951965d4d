"""What a definition means, whoever asks."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.attacks.definitions import DEFINITIONS

from robustag.attacks import ATTACKS, AttackDefinition, BudgetRule, BudgetSettings, Sweep, audit
from robustag.attacks.ordering import comparisons
from robustag.errors import InputError
from robustag.tensors import Normalisation

STUDY = {"relative_cap": 0.2, "physical": True, "frozen": ["jet"]}
PGD = {"name": "pgd", "steps": 4, "rate": 2.5, "restarts": 0}


def worst_case(*members, **further):
    return AttackDefinition.of({"name": "worst_case", "members": list(members), **further})


def test_the_study_says_what_a_definition_leaves_out():
    plain = AttackDefinition.of(PGD, STUDY).budget
    assert plain == BudgetSettings("linf", "none", 0.2, physical=True, frozen=("jet",))
    own = {"norm": "l2", "factors": "central", "relative_cap": 0.5, "physical": False, "frozen": []}
    assert AttackDefinition.of(PGD | own, STUDY).budget == BudgetSettings("l2", "central", 0.5)
    assert AttackDefinition.of(PGD).budget == BudgetSettings()


def test_a_study_that_does_not_say_everything_is_an_error():
    with pytest.raises(KeyError):
        AttackDefinition.of(PGD, {"relative_cap": None})


def test_options_are_what_remains():
    definition = AttackDefinition.of(
        PGD | {"factors": "none", "jets": 5, "loss": {"name": "focal"}, "source": "x", "norm": "l2"}
    )
    assert definition.options == {"steps": 4, "rate": 2.5, "restarts": 0}
    assert (definition.jets, definition.loss, definition.source) == (5, {"name": "focal"}, "x")
    assert AttackDefinition.of(definition) is definition


def test_an_attack_inside_has_options_alone():
    inner = worst_case(PGD | {"norm": "l2"}).inner[0]
    assert inner.options["norm"] == "l2", "an option that its function will refuse"


@pytest.mark.parametrize("wrong", [{"name": "fgms"}, {}, {"name": "worst_case", "members": [{"name": "x"}]}])
def test_an_unknown_attack_is_refused(wrong):
    with pytest.raises(InputError, match="unknown attack"):
        AttackDefinition.of(wrong)


@pytest.mark.parametrize("name", ATTACKS)
def test_what_every_attack_is(name):
    definition, info = AttackDefinition.of(DEFINITIONS[name]), ATTACKS[name]
    assert definition.on_the_model == (name not in {"noise", "uniform", "shift", "transfer"})
    assert definition.moves_integers == (name in {"pip", "pip_pgd"})
    assert info.needs_gradient == (info.backward_passes != "0")
    assert (info.kind == "blind") == (info.forward_passes == "0")
    compared = {"pgd", "momentum_pgd", "apgd"}
    fgsm = AttackDefinition.of({"name": "fgsm"})
    assert (definition.climbs and definition.shares_budget(fgsm)) == (name in compared)


def test_a_worst_case_is_what_its_members_are():
    fgsm, noise, transfer = ({"name": "fgsm"}, {"name": "noise"}, DEFINITIONS["transfer"])
    assert worst_case(noise, transfer).on_the_model is False
    assert worst_case(noise, fgsm).on_the_model
    assert not worst_case(noise, fgsm).climbs
    assert worst_case(fgsm, PGD).climbs
    counting = worst_case(fgsm, DEFINITIONS["pip"])
    assert counting.moves_integers
    assert not counting.shares_budget(AttackDefinition.of(fgsm))
    assert worst_case(fgsm, DEFINITIONS["rdsa"]).whole_sample
    assert worst_case(fgsm, transfer).needs_source


def test_a_member_that_moves_counts_passes_the_audit(setting):
    attack = Sweep(worst_case({"name": "fgsm"}, DEFINITIONS["pip"]), *setting.arguments, setting.rule, seed=1)
    assert audit(attack, 0.1, attack(0.1))["moved_frozen"] == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (PGD, {"name": "fgsm", "norm": "linf"}, True),
        (PGD, {"name": "fgsm", "relative_cap": 0.2}, False),
        (PGD, {"name": "fgsm", "frozen": ["jet"]}, False),
        (DEFINITIONS["carlini_wagner"], {"name": "fgsm"}, False),
        (DEFINITIONS["carlini_wagner"], {"name": "fgsm", "norm": "l2"}, True),
        ({"name": "noise"}, {"name": "fgsm"}, True),
        (DEFINITIONS["pip_pgd"], {"name": "fgsm"}, False),
        (DEFINITIONS["rdsa"], {"name": "fgsm"}, False),
    ],
)
def test_which_attacks_share_a_budget(one, other, same):
    assert AttackDefinition.of(one).shares_budget(AttackDefinition.of(other)) == same


def test_a_new_attack_is_ordered_by_what_the_catalogue_says(monkeypatch):
    new = {"quiet": replace(ATTACKS["uniform"], name="quiet"), "climb": replace(ATTACKS["pgd"], name="climb")}
    for name, info in new.items():
        monkeypatch.setitem(ATTACKS, name, info)
    names = ("quiet", "fgsm", "climb", "random_search")
    definitions = {name: AttackDefinition.of({"name": name}) for name in names}
    assert {found[:3] for found in comparisons(definitions)} == {
        *(("monotone", name, name) for name in names if name != "quiet"),
        ("stronger attack", "quiet", "fgsm"),
        ("stronger attack", "fgsm", "climb"),
        ("black box", "random_search", "climb"),
    }


def test_the_budget_of_a_study_is_that_of_its_definition(table):
    columns = np.ones(table.size)
    normalisation = Normalisation(table.names, columns, columns, -columns)
    budget = AttackDefinition.of({"name": "fgsm", "relative_cap": 0.5}, STUDY).budget
    rule = BudgetRule.configured(budget, table, normalisation)
    assert (rule.relative_cap, rule.physical, rule.norm) == (0.5, True, "linf")
    assert rule.scale[table.index("jet_pt")] == 0
    assert rule.scale[table.index("track_0_D0")] == 1

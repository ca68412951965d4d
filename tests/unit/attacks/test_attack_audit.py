import pytest
import torch
from tests.unit.attacks.definitions import DEFINITIONS

from robustag.attacks import Auditor, BrokenBudgetError, Sweep, audit, check_budget
from robustag.training import build_loss


def prepared(setting, definition, **options):
    return Sweep(definition, *setting.arguments, setting.rule, seed=1, sources=(setting.model,), **options)


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS)
@pytest.mark.parametrize("chunk", [64, 1024])
def test_every_attack_passes_and_does_something(setting, definition, chunk):
    attack = prepared(setting, definition, chunk=chunk)
    for epsilon in (0.0, 0.1):
        found = audit(attack, epsilon, attack(epsilon))
        assert found["outside_budget"] == found["moved_frozen"] == found["fractional_counts"] == 0
        assert (found["moved"] > 0) == (epsilon > 0)
        assert found["zero_gradient"] == 0
        assert found["audited_jets"] == len(setting.inputs)


@pytest.mark.parametrize("cheat", ["missing", "count", "far", "nan"])
def test_a_cheat_fails_the_job(setting, cheat):
    attack = prepared(setting, DEFINITIONS["fgsm"])
    perturbed = attack(0.1)
    movable = ~(setting.missing | setting.rule.integer | (setting.rule.scale == 0))
    where = {"missing": setting.missing, "count": setting.rule.integer & ~setting.missing}.get(cheat, movable)
    jet, feature = where.nonzero()[0]
    perturbed[jet, feature] += {"nan": torch.nan, "far": 1.0}.get(cheat, 1e-3)
    for refuse in (audit, check_budget):
        with pytest.raises(BrokenBudgetError, match=r"'fgsm' broke its budget at epsilon 0\.1"):
            refuse(attack, 0.1, perturbed)


@pytest.mark.parametrize("norm", ["l2", "l2_group", "mahalanobis"])
def test_a_move_beyond_a_ball_fails_the_job(setting, norm):
    attack = prepared(setting, {**DEFINITIONS["fgsm"], "norm": norm})
    audit(attack, 0.1, attack(0.1))
    with pytest.raises(BrokenBudgetError):
        audit(attack, 0.099, attack(0.1))


def test_a_count_may_move_by_whole_units_only(setting):
    attack = prepared(setting, DEFINITIONS["pip"])
    perturbed = attack(0.1)
    jet, feature = (setting.rule.integer & ~setting.missing).nonzero()[0]
    perturbed[jet, feature] += 0.3
    with pytest.raises(BrokenBudgetError, match="'fractional_counts': 1"):
        audit(attack, 0.1, perturbed)


def test_noise_may_exceed_epsilon_and_fgsm_may_not(setting):
    noise, fgsm = (prepared(setting, DEFINITIONS[name]) for name in ("noise", "fgsm"))
    assert audit(noise, 0.1, noise(0.1))["outside_budget"] == 0
    with pytest.raises(BrokenBudgetError):
        audit(fgsm, 0.1, noise(0.1))


def test_losses_are_those_of_the_chosen_jets(setting):
    attack = prepared(setting, DEFINITIONS["fgsm"], chunk=48)
    rows = torch.arange(0, 203, 3)
    perturbed = attack(0.1)
    found = audit(attack, 0.1, perturbed, rows)
    loss = setting.loss(setting.model(perturbed[rows]), setting.label[rows]).detach()
    assert found["audited_jets"] == len(rows)
    assert found["loss"] == pytest.approx(float(loss.mean()), rel=1e-5)


def test_clean_jets_are_looked_at_once_for_all_strengths(setting):
    shown = []

    def model(x):
        shown.append(len(x))
        return setting.model(x)

    attack = prepared(setting._replace(model=model), DEFINITIONS["fgsm"])
    made = [(epsilon, attack(epsilon)) for epsilon in (0.0, 0.1, 1.0)]
    rows = torch.arange(0, 200, 2)
    one_by_one = [audit(attack, *pair, rows) for pair in made]
    shown.clear()
    auditor = Auditor(attack, rows)
    assert [auditor(*pair) for pair in made] == one_by_one
    assert shown == 4 * [len(rows)]
    shown.clear()
    check_budget(attack, *made[1])
    assert shown == []


def test_masked_gradients_are_counted(setting):
    """Gamma 25 on the logits themselves leaves confident jets without any gradient in float32."""
    focal = build_loss({"name": "focal", "gamma": 25.0})
    confident = setting._replace(loss=focal, model=lambda x: 200 * setting.model(x))
    attack = prepared(confident, DEFINITIONS["fgsm"])
    perturbed = attack(0.1)
    still = (perturbed == setting.inputs).all(dim=1).double().mean()
    found = audit(attack, 0.1, perturbed)
    assert found["zero_gradient"] == pytest.approx(float(still))
    assert found["zero_gradient"] > 0.1

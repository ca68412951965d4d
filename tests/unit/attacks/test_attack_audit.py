import pytest

from robustag.attacks import audit, sweep
from robustag.training import build_loss


@pytest.mark.parametrize("definition", [{"name": "fgsm"}, {"name": "noise"}], ids=lambda d: d["name"])
def test_an_honest_attack_passes(setting, definition):
    for epsilon, perturbed in sweep(definition, *setting.arguments, setting.rule, [0.0, 0.1], seed=1):
        found = audit(definition["name"], epsilon, perturbed, *setting.arguments, setting.rule, chunk=64)
        assert found["outside_budget"] == found["moved_frozen"] == 0
        assert (found["moved"] > 0) == (epsilon > 0)
        assert found["zero_gradient_jets"] == 0


def test_a_cheat_is_seen(setting):
    perturbed = setting.inputs.clone()
    frozen = setting.missing | setting.rule.integer
    perturbed[frozen] += 0.001
    perturbed[0] += 1.0
    found = audit("fgsm", 0.01, perturbed, *setting.arguments, setting.rule)
    assert found["moved_frozen"] >= int(frozen.sum())
    assert found["outside_budget"] > found["moved_frozen"]


def test_noise_may_exceed_epsilon_and_fgsm_may_not(setting):
    ((_, noisy),) = sweep({"name": "noise"}, *setting.arguments, setting.rule, [0.1], seed=1)
    assert audit("noise", 0.1, noisy, *setting.arguments, setting.rule)["outside_budget"] == 0
    assert audit("fgsm", 0.1, noisy, *setting.arguments, setting.rule)["outside_budget"] > 0


def test_masked_gradients_are_counted(setting):
    """Gamma 25 on the logits themselves leaves confident jets without any gradient in float32."""
    focal = build_loss({"name": "focal", "gamma": 25.0})
    confident = setting._replace(loss=focal, model=lambda x: 200 * setting.model(x))
    ((epsilon, perturbed),) = sweep({"name": "fgsm"}, *confident.arguments, setting.rule, [0.1], seed=1)
    found = audit("fgsm", epsilon, perturbed, *confident.arguments, setting.rule)
    still = (perturbed == setting.inputs).all(dim=1).double().mean()
    assert found["zero_gradient_jets"] == pytest.approx(float(still))
    assert found["zero_gradient_jets"] > 0.1

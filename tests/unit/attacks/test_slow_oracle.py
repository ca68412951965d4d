"""The fast tensor attacks against a literal loop over inputs and jets, written after arXiv:2203.13890."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustag.attacks import input_gradient, sweep
from robustag.draws import Draws


def perturb_slowly(x, steps, *, integer, missing, mean, sigma, cap):
    """Add each step to its entry; restore counts and missing entries; limit the relative change.

    The limit puts the entry at ``X + r |X| direction`` in physical units, the direction that of the step.
    """
    perturbed = x.copy()
    for feature in range(x.shape[1]):
        if integer[feature]:
            continue
        for jet in range(x.shape[0]):
            if missing[jet, feature]:
                continue
            perturbed[jet, feature] = x[jet, feature] + steps[jet, feature]
            if cap is None:
                continue
            before = x[jet, feature] * sigma[feature] + mean[feature]
            after = perturbed[jet, feature] * sigma[feature] + mean[feature]
            if abs(after - before) > cap * abs(before):
                after = before + cap * abs(before) * np.sign(steps[jet, feature])
                perturbed[jet, feature] = (after - mean[feature]) / sigma[feature]
    return perturbed


def steps_of(definition, setting, epsilon):
    """What the formula of each attack adds before any protection."""
    scale = setting.rule.scale.double().numpy()
    if definition["name"] == "fgsm":
        gradient = input_gradient(setting.model, setting.loss, setting.inputs, setting.label)
        return epsilon * scale * np.sign(gradient.double().numpy())
    if definition["name"] == "shift":
        sign = {"up": 1.0, "down": -1.0}[definition["direction"]]
        return np.broadcast_to(epsilon * scale * sign, setting.inputs.shape)
    draws = Draws.of_rows(11, setting.inputs).normal(setting.inputs.shape[1])
    return epsilon * scale * draws.double().numpy()


@pytest.mark.parametrize("cap", [None, 0.2, 0.01])
@pytest.mark.parametrize(
    "definition",
    [
        {"name": "fgsm"},
        {"name": "noise"},
        {"name": "shift", "direction": "up"},
        {"name": "shift", "direction": "down"},
    ],
    ids=lambda definition: "_".join(definition.values()),
)
def test_attack_agrees_with_the_loop_entry_by_entry(setting, definition, cap):
    rule = replace(setting.rule, relative_cap=cap)
    epsilons = [0.0, 0.01, 0.1]
    for epsilon, perturbed in sweep(definition, *setting.arguments, rule, epsilons, seed=11):
        expected = perturb_slowly(
            setting.inputs.double().numpy(),
            steps_of(definition, setting, epsilon),
            integer=rule.integer.numpy(),
            missing=setting.missing.numpy(),
            mean=setting.mean,
            sigma=setting.sigma,
            cap=cap,
        )
        np.testing.assert_allclose(perturbed.numpy(), expected, rtol=0, atol=1e-6)
        untouched = setting.missing | rule.integer
        assert torch.equal(perturbed[untouched], setting.inputs[untouched])
        if epsilon > 0:
            assert not torch.equal(perturbed, setting.inputs)


def test_the_cap_binds_in_some_entries_and_not_in_others(setting):
    """Otherwise the comparison above would not test the cap."""
    capped, free = (
        next(sweep({"name": "fgsm"}, *setting.arguments, rule, [0.1], seed=1))[1]
        for rule in (replace(setting.rule, relative_cap=0.2), setting.rule)
    )
    differs = (capped != free)[~(setting.missing | setting.rule.integer)].double().mean()
    assert 0.05 < differs < 0.95

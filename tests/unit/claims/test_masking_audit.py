"""Signs of masked gradients, on tables made with and without each of them."""

import pytest

from robustag.attacks import AttackDefinition
from robustag.attacks.ordering import comparisons
from robustag.claims.masking import NO_GRADIENT, ORDERS, TRANSFER, masking_flags, raised

MODELS = ("nominal", "adversarial")


def test_a_sound_model_raises_nothing(make_audit, make_orders, settings):
    flags = masking_flags(MODELS, make_audit(), make_orders(), settings)
    assert [flag.name for flag in flags if flag.model == "nominal"] == [NO_GRADIENT, *ORDERS, TRANSFER]
    assert not any(flag.raised for flag in flags)
    assert raised(flags, "nominal") == "none"


@pytest.mark.parametrize("rule", ORDERS)
def test_a_failing_order_is_raised_on_its_model_alone(rule, make_audit, make_orders, settings):
    flags = masking_flags(MODELS, make_audit(), make_orders(rule), settings)
    assert raised(flags, "adversarial") == rule
    assert raised(flags, "nominal") == "none"
    (flag,) = (flag for flag in flags if flag.raised)
    assert flag.detail == "1 of 2 fail: weak beside strong at 0.05"


def test_jets_without_gradient_are_raised_beyond_the_allowed_share(make_audit, make_orders, settings):
    for share, expected in ((0.009, "none"), (0.011, NO_GRADIENT)):
        flags = masking_flags(MODELS, make_audit(zero=share), make_orders(), settings)
        assert raised(flags, "adversarial") == expected


def test_jets_whose_gradient_is_nan_are_jets_without_gradient(make_audit, make_orders, settings):
    flags = masking_flags(MODELS, make_audit(zero=0.006, unusable=0.006), make_orders(), settings)
    assert raised(flags, "adversarial") == NO_GRADIENT
    assert [flag.detail for flag in flags if flag.raised] == ["1.20% of jets, NaN or infinity for 0.60%"]
    assert raised(flags, "nominal") == "none"


def test_a_transfer_must_be_stronger_beyond_its_error(make_audit, make_orders, settings):
    """The paired error of the mean over three trainings is about 0.0004."""
    for excess, expected in ((0.0002, "none"), (0.005, TRANSFER)):
        flags = masking_flags(MODELS, make_audit(excess=excess), make_orders(), settings)
        assert raised(flags, "adversarial") == expected
    assert next(flag for flag in flags if flag.raised).detail.endswith("from nominal at 0.05")


def test_what_was_not_audited_is_not_called_sound(make_orders, settings):
    flags = masking_flags(MODELS, {}, make_orders().iloc[:0], settings)
    assert {flag.raised for flag in flags} == {None}
    assert raised(flags, "nominal") == "no audit"


def test_the_signs_are_the_rules_of_the_audit():
    definitions = {
        "noise": {"name": "noise"},
        "fgsm": {"name": "fgsm"},
        "pgd": {"name": "pgd"},
        "margin": {"name": "apgd", "objective": "margin"},
        "search": {"name": "random_search", "objective": "margin"},
        "other": {"name": "transfer", "source": "x", "attack": {"name": "pgd"}},
    }
    parsed = {name: AttackDefinition.of(definition) for name, definition in definitions.items()}
    found = {rule for rule, *_ in comparisons(parsed)}
    assert found == set(ORDERS)

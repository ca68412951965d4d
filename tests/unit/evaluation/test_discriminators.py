import numpy as np
import pytest

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.discriminators import (
    DISCRIMINATORS,
    check_rankable,
    discriminant,
    log_odds,
    probabilities,
)


def test_names_say_which_classes_are_compared():
    letter = {"B": "b", "C": "c", "L": "light"}
    for discriminator in DISCRIMINATORS:
        signal, background = discriminator.name.split("v")
        assert CLASSES[discriminator.signal] == letter[signal]
        assert CLASSES[discriminator.background] == letter[background]


def test_discriminant_is_the_ratio_of_softmax_outputs():
    logits = np.random.default_rng(1).normal(scale=3, size=(500, 3)).astype(np.float32)
    p = probabilities(logits)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    for d in DISCRIMINATORS:
        expected = p[:, d.signal] / (p[:, d.signal] + p[:, d.background])
        np.testing.assert_allclose(discriminant(logits, d), expected, rtol=1e-12)


def test_two_vanishing_probabilities_still_compare():
    """P(b) and P(light) both underflow beside P(c) = 1; their ratio is e^2 all the same."""
    logits = np.array([[-998.0, 1000.0, -1000.0]], dtype=np.float32)
    bvl = DISCRIMINATORS[0]
    assert probabilities(logits)[0, 0] == 0
    assert discriminant(logits, bvl)[0] == pytest.approx(1 / (1 + np.exp(-2.0)), rel=1e-15)


def test_huge_logits_do_not_overflow_and_keep_their_order():
    logits = np.array([[500.0, 0, -500], [600.0, 0, -600], [-600.0, 0, 600]], dtype=np.float32)
    bvl = DISCRIMINATORS[0]
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(discriminant(logits, bvl), [1, 1, 0])
    np.testing.assert_array_equal(log_odds(logits, bvl), [1000, 1200, -1200])


def test_opposite_discriminators_add_to_one():
    logits = np.random.default_rng(2).normal(size=(100, 3))
    _, bvc, cvb, _ = DISCRIMINATORS
    np.testing.assert_allclose(discriminant(logits, bvc) + discriminant(logits, cvb), 1, rtol=1e-15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda logits, label: (np.where(logits == logits[4, 1], np.nan, logits), label), "class c of jet 4"),
        (
            lambda logits, label: (np.where(logits == logits[2, 2], np.inf, logits), label),
            "first inf for class light",
        ),
        (lambda logits, label: (logits, np.where(label == 1, 0, label)), "is of flavour c"),
        (lambda logits, label: (logits[:, :2], label), "expected"),
        (lambda logits, label: (logits, label[:-1]), "expected"),
    ],
)
def test_unusable_logits_are_named(change, message):
    logits = np.random.default_rng(3).normal(size=(9, 3))
    with pytest.raises(InputError, match=message):
        check_rankable(*change(logits, np.arange(9) % 3))

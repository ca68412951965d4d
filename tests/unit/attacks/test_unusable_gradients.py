"""Models whose gradient or loss is NaN or infinite for some jets: no attack is led by it, and all say so."""

import math
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.attacks.definitions import DEFINITIONS
from torch import nn
from torch.nn import functional

from robustag.attacks import ATTACKS, Budget, BudgetRule, Spread, Sweep, attack, audit
from robustag.attacks.problem import best_of, usable
from robustag.training.recipes import build_recipe
from robustag.training.step import Batch, Moment

JETS, FEATURES, CLASSES = 48, 5, 3
#: Jets at the origin.
LOST = torch.arange(JETS) % 8 == 3
#: Attacks that ask for no gradient.
BLIND = [name for name, info in ATTACKS.items() if not info.needs_gradient]
#: Attacks that move no jet but along its own gradient, from where it is.
LED = (
    *("universal_shift", "fgsm", "ngm", "pgd", "momentum_pgd", "apgd"),
    *("mahalanobis_gradient", "mahalanobis_pgd", "deepfool", "carlini_wagner", "pip", "transfer"),
)
#: Those of them that treat each jet on its own and draw nothing.
ALONE = [name for name in LED if name not in ("universal_shift", "pip")]


def cross_entropy(logits, label):
    return functional.cross_entropy(logits, label, reduction="none")


class Rooted(nn.Module):
    """Logits times the length of the jet: at the origin they are zero, and their gradient is 0 / 0."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(FEATURES, CLASSES)

    def forward(self, x):
        return self.linear(x) * x.square().sum(dim=1, keepdim=True).sqrt()


class Logarithmic(Rooted):
    """NaN beyond the edge of a logarithm, to which some jets are close."""

    def forward(self, x):
        return self.linear(x) + torch.cat([(x[:, :1] + 1.0).log(), x[:, 1:3]], dim=1)


class Half(Rooted):
    """Single-precision jets in a network of half precision, whose squares overflow."""

    def forward(self, x):
        return (self.linear(x.half() * 60) * x.half().square().sum(dim=1, keepdim=True)).float()


class Steep(Rooted):
    """Gradients that are infinite in single precision, where the tagger is not."""

    def forward(self, x):
        return (
            self.linear(x)
            + (1e38 * x.sign() * x.abs().sqrt()).clamp(-1.0, 1.0)[:, :3] * (x[:, :3] * 1e38).tanh()
        )


def jets(seed=0):
    x = torch.randn(JETS, FEATURES, generator=torch.Generator().manual_seed(seed))
    x[:, 0] = x[:, 0].abs() * 0.9 - 0.95
    return x.masked_fill(LOST[:, None], 0.0), torch.arange(JETS) % CLASSES


def model_of(kind, seed=1):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = kind()
        return model.half() if kind is Half else model


def options_of(name, restarts=1):
    """With so many runs from random points, from which a jet may start wherever its gradient leads."""
    options = {key: value for key, value in DEFINITIONS[name].items() if key != "name"}
    return options | ({"restarts": restarts} if "restarts" in options else {})


def budget_of(name, x, label, epsilon=0.2, norm="linf", missing=None):
    needed = {}
    if ATTACKS[name].norm == "mahalanobis":
        absent = torch.zeros_like(x, dtype=torch.bool) if missing is None else missing
        scatter = Spread.measure(x, absent, label, CLASSES)
        needed, norm = {"spread": scatter, "label": label}, "mahalanobis"
    return Budget.around(x, epsilon, frozen=[4], unit=0.5, norm=norm, missing=missing, **needed)


def run(name, model, x, label, *, restarts=1, **options):
    """The perturbed jets, and what was warned of."""
    budget = budget_of(name, x, label, **options)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        source = {"source": model} if name == "transfer" else {}
        found = attack(name, model, x, label, budget, **options_of(name, restarts), **source)
    return found, budget, [str(warning.message) for warning in said]


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([Rooted, Logarithmic, Half, Steep]),
    st.integers(0, 2**16),
    st.sampled_from(["linf", "l2", "l2_group", "none"]),
    st.sampled_from([0.0, 0.01, 0.3, 3.0]),
)
@pytest.mark.parametrize("name", ATTACKS)
def test_perturbed_jets_are_finite_and_inside_their_budget(name, kind, seed, norm, epsilon):
    x, label = jets(seed)
    missing = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)) < 0.2
    model = model_of(kind, seed)
    found, budget, said = run(name, model, x, label, epsilon=epsilon, norm=norm, missing=missing)
    assert torch.isfinite(found).all()
    free = budget.rule.integer if ATTACKS[name].moves_integers else torch.zeros(FEATURES, dtype=torch.bool)
    assert not budget.outside(found)[:, ~free].any()
    assert torch.equal(found[missing], x[missing])
    assert len(said) <= 1
    assert all("\n" not in line for line in said)


@pytest.mark.parametrize("name", LED)
def test_a_jet_without_a_usable_gradient_keeps_its_place_and_changes_no_other(name):
    model, (x, label) = model_of(Rooted), jets()
    found, _, said = run(name, model, x, label, restarts=0)
    if name != "universal_shift":
        assert torch.equal(found[LOST], x[LOST])
    assert said == [
        f"attack '{name}' met NaN or infinity in the gradient or loss of {int(LOST.sum())} of {JETS} jets, "
        "which moves nothing: the model may be less robust than they make it look"
    ]
    assert (found[~LOST] != x[~LOST]).any(dim=1).double().mean() > 0.2
    if name in ALONE:
        # The scatter of the jets that are left is another one.
        spread = Spread.measure(x, torch.zeros_like(x, dtype=torch.bool), label, CLASSES)
        rest = x[~LOST], label[~LOST]
        wide = {"norm": "mahalanobis", "spread": spread, "label": rest[1]}
        own = wide if ATTACKS[name].norm == "mahalanobis" else {}
        budget = Budget.around(rest[0], 0.2, frozen=[4], unit=0.5, **own)
        source = {"source": model} if name == "transfer" else {}
        without = attack(name, model, *rest, budget, **options_of(name, restarts=0), **source)
        torch.testing.assert_close(found[~LOST], without, rtol=0, atol=1e-6)


def test_a_common_shift_is_that_of_the_jets_with_a_gradient():
    model, (x, label) = model_of(Rooted), jets()
    found, _, _ = run("universal_shift", model, x, label)
    without, _, said = run("universal_shift", model, x[~LOST], label[~LOST])
    move = (without - x[~LOST])[0]
    assert (move[:4] != 0).all()
    assert not said
    torch.testing.assert_close(found - x, move.expand_as(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", BLIND)
def test_what_asks_for_no_gradient_says_nothing_of_it(name):
    _, _, said = run(name, model_of(Rooted), *jets())
    assert said == []


def test_searches_that_meet_nan_say_so_and_leave_it():
    """A jet that starts where the loss is a number never ends where it is NaN."""
    model, (x, label) = model_of(Logarithmic), jets()
    for name in ("random_search", "rdsa", "apgd", "worst_case"):
        found, _, _ = run(name, model, x, label, epsilon=1.0)
        assert not cross_entropy(model(found), label).isnan().any(), name
    _, _, said = run("random_search", model, x, label, epsilon=1.0)
    assert len(said) == 1


def test_a_run_and_its_restarts_prefer_any_number_to_nan():
    """The jet itself has one."""
    model, (x, label) = model_of(Logarithmic), jets()
    options = {"steps": 2, "rate": 0.8}
    with pytest.warns(UserWarning, match="attack 'pgd' met NaN"):
        once, often = (
            attack("pgd", model, x, label, Budget.around(x, 1.0), restarts=restarts, **options)
            for restarts in (0, 20)
        )
    for found in (once, often):
        assert not cross_entropy(model(found), label).isnan().any()


def test_best_of_puts_nan_last_and_the_first_of_equals_first():
    candidates = [torch.full((4, 2), float(number)) for number in range(3)]
    losses = torch.tensor(
        [
            [math.nan, math.nan, 1.0, -math.inf],
            [-5.0, math.nan, math.nan, math.nan],
            [math.nan, math.nan, math.inf, math.nan],
        ]
    )
    assert best_of(candidates, list(losses))[:, 0].tolist() == [1.0, 0.0, 2.0, 0.0]


def test_a_finite_gradient_is_given_back_as_it_is_however_large_its_sum():
    gradient = torch.full((4, 3), 3e38)
    assert torch.equal(usable(gradient), gradient)
    lost = torch.zeros(4, dtype=torch.bool)
    gradient[1, 0], gradient[2, 2] = torch.nan, -torch.inf
    assert usable(gradient, lost)[[1, 2]].abs().sum() == 0
    assert torch.equal(usable(gradient)[[0, 3]], gradient[[0, 3]])
    assert lost.tolist() == [False, True, True, False]


@pytest.mark.parametrize("name", [name for name, info in ATTACKS.items() if info.norm != "mahalanobis"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_jets_of_any_precision_stay_in_it(name, dtype):
    x, label = jets(1)
    x = x.to(dtype)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(FEATURES, 16), nn.ReLU(), nn.Linear(16, CLASSES)).to(dtype)
    found, _, said = run(name, model, x, label)
    assert found.dtype == dtype
    assert torch.isfinite(found).all()
    assert (found != x).any()
    assert said == []


def test_the_audit_of_a_study_counts_them_and_takes_its_means_without_them():
    model, (x, label) = model_of(Rooted), jets()
    rule = BudgetRule(torch.ones(FEATURES), torch.arange(FEATURES) == 4, torch.zeros(FEATURES))
    case = (x, torch.zeros_like(x, dtype=torch.bool), label, rule)
    for chunk in (16, 1024):
        prepared = Sweep({"name": "fgsm"}, model, cross_entropy, *case, seed=1, chunk=chunk)
        perturbed = prepared(0.1)
        found = audit(prepared, 0.1, perturbed)
        assert found["unusable"] == pytest.approx(float(LOST.double().mean()))
        assert found["zero_gradient"] == 0.0
    noisy = Sweep({"name": "noise"}, model, cross_entropy, *case, seed=1)
    assert audit(noisy, 0.1, noisy(0.1))["unusable"] == 0.0

    def broken(logits, label):
        return cross_entropy(logits, label).masked_fill(LOST[: len(label)], torch.nan)

    prepared = Sweep({"name": "noise"}, model, broken, *case, seed=1)
    losses = broken(model(x), label).detach()
    assert audit(prepared, 0.0, x)["loss"] == pytest.approx(float(losses[~LOST].mean()), rel=1e-6)


@pytest.mark.parametrize(
    "recipe",
    [
        {"name": "fgsm", "epsilon": 0.1, "attack_mode": "eval"},
        {"name": "free", "epsilon": 0.1, "replays": 2},
        {"name": "trades", "epsilon": 0.1, "beta": 1.0, "steps": 2, "rate": 2.5},
    ],
    ids=lambda recipe: recipe["name"],
)
def test_no_recipe_shows_its_model_anything_but_numbers(recipe):
    x, label = jets()
    rule = BudgetRule(torch.ones(FEATURES), torch.zeros(FEATURES, dtype=torch.bool), torch.zeros(FEATURES))
    step = build_recipe(recipe, cross_entropy, rule)
    model, shown = model_of(Rooted), []
    model.register_forward_hook(lambda module, inputs, outputs: shown.append(inputs[0].detach().clone()))
    batch = Batch(x, torch.zeros_like(x, dtype=torch.bool), label, torch.ones(JETS))
    for losses in step(model, batch, Moment(0, torch.Generator().manual_seed(1))):
        losses.mean().backward()
    assert len(shown) > 1
    assert all(torch.isfinite(inputs).all() for inputs in shown)

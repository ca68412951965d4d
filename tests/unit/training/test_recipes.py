"""What each recipe shows a model in a step, and what it asks of it."""

from dataclasses import replace

import pytest
import torch
from tests.benchmarks.study.passes import passes_of_step
from tests.unit.attacks.definitions import DEFINITIONS as ATTACK_DEFINITIONS

from robustag.attacks import ATTACKS, BudgetRule, BudgetSettings, Problem, pgd
from robustag.draws import Draws
from robustag.errors import InputError
from robustag.models import build_model
from robustag.training import RECIPES, build_loss, training_budget
from robustag.training.losses import divergence
from robustag.training.recipes import build_recipe
from robustag.training.step import Batch, Moment

CROSS_ENTROPY = build_loss({"name": "cross_entropy"})
MIXING = {"epsilon": 0.1, "attack_mode": "eval"}
DEFINITIONS = {
    "nominal": {},
    "noise": {"epsilon": 0.1},
    "fgsm": MIXING,
    "random_start_fgsm": {"rate": 1.25, **MIXING},
    "ngm": MIXING,
    "pgd": {"steps": 3, "rate": 2.5, "restarts": 0, **MIXING},
    "adversarial": {"attack": {"name": "fgsm"}, **MIXING},
    "free": {"epsilon": 0.1, "replays": 3},
    "trades": {"epsilon": 0.1, "beta": 2.0, "steps": 3, "rate": 2.5},
    "gradient_penalty": {"epsilon": 0.1},
    "augmented": {"variations": ["up", "down"], "share": 0.5},
    "paired": {"variations": ["up", "down"], "weight": 2.0},
    "group_dro": {"variations": ["up", "down"], "rate": 0.1},
    "domain": {"variations": ["up", "down"], "weight": 1.0},
    "distilled": {"teachers": ["other"], "temperature": 2.0, "share": 0.5},
    "coherent": {"variations": ["up", "down"], "size": 1.0, "move": "jet"},
    "mtl_ibp": {"epsilon": 0.1, "weight": 0.3, "warm_up": 0, "steps": 3, "rate": 2.5},
    "sabr": {"epsilon": 0.1, "width": 0.2, "warm_up": 0, "steps": 3, "rate": 2.5},
}


@pytest.fixture
def batch(toy):
    """64 jets in two variations besides, some entries of which are missing; and what teachers say."""
    train, _, _ = toy
    generator = torch.Generator().manual_seed(1)
    missing = torch.rand(64, 23, generator=generator) < 0.2
    inputs = train.inputs[:64]
    varied = inputs[:, None] + 0.3 * torch.randn(64, 2, 23, generator=generator)
    absent = missing[:, None] | (torch.rand(64, 2, 23, generator=generator) < 0.1)
    target = torch.randn(64, 3, generator=generator).log_softmax(dim=1)
    return Batch(inputs, missing, train.label[:64], train.weight[:64], varied, absent, target)


@pytest.fixture
def rule():
    """Every fourth input is a count."""
    features = torch.ones(23)
    group = torch.nn.functional.one_hot(torch.arange(23) // 8).float()
    return BudgetRule(
        features, torch.arange(23) % 4 == 0, 0 * features, group=group, unit=features, floor=0 * features
    )


@pytest.fixture(autouse=True)
def same_dropout():
    """Dropout draws from torch's default generator."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


@pytest.fixture
def model():
    return build_model({"name": "mlp", "hidden": [24, 24, 24], "dropout": 0.5}, 23, seed=4).train()


def moment(epoch=0):
    return Moment(epoch, torch.Generator().manual_seed(3))


def recipe_of(name, rule, **changes):
    return build_recipe({"name": name, **DEFINITIONS[name], **changes}, CROSS_ENTROPY, rule)


def step(recipe, model, batch, at=None):
    """Losses of one step, and every (training mode, inputs) the model was shown for it."""
    shown = []
    hook = model.register_forward_hook(
        lambda m, args, _: shown.append((m.training, args[0].detach().clone()))
    )
    losses = []
    for each in recipe(model, batch, at or moment()):
        each.mean().backward()
        losses.append(each.detach())
    hook.remove()
    return losses, shown


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_a_complete_entry_that_says_its_options(name, rule):
    info, options = RECIPES[name], DEFINITIONS[name]
    assert info.name == name
    assert info.summary.endswith((".", "``"))
    assert {option.name for option in info.options if option.required} == options.keys()
    assert all(option.schema for option in info.options), "values of an option go unchecked"
    for option in options:
        with pytest.raises(InputError):
            build_recipe(
                {"name": name, **{k: v for k, v in options.items() if k != option}}, CROSS_ENTROPY, rule
            )
    with pytest.raises(InputError):
        recipe_of(name, rule, magic=1)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_leaves_the_model_in_training_and_costs_what_it_says(name, model, batch, rule):
    """The last jets shown before an update are those that it learns from, with dropout. The gradient penalty
    goes backward twice instead of forward, PGD looks at its end without a gradient, and a box goes from layer
    to layer as its centre and its width."""
    boxes = 2 * RECIPES[name].on_boxes
    losses, shown = step(recipe_of(name, rule), model, batch)
    assert model.training
    assert shown[-1][0] or boxes
    assert all(len(each) == 64 and torch.isfinite(each).all() for each in losses)
    assert len(losses) == (3 if name == "free" else 1)
    assert all(parameter.grad is not None for parameter in model.parameters())
    passes = sum(len(jets) for _, jets in shown) / 64 + (name == "gradient_penalty") - (name == "pgd")
    learned = boxes + len(losses) * len(shown[-1][1]) / 64 * shown[-1][0]
    assert passes_of_step({"name": name, **DEFINITIONS[name]}) == (learned, passes + boxes - learned)


@pytest.mark.parametrize("name", ["fgsm", "random_start_fgsm", "ngm", "pgd", "adversarial", "free", "trades"])
def test_attacked_jets_stay_in_the_budget(name, model, batch, rule):
    _, shown = step(recipe_of(name, rule), model, batch)
    perturbed = shown[-1][1][-64:]
    assert not rule.budget(batch.inputs, batch.missing, 0.1).outside(perturbed).any()
    assert not torch.equal(perturbed, batch.inputs)


def test_noise_moves_what_an_attack_may_move_by_its_width(model, batch, rule):
    _, ((_, shown),) = step(recipe_of("noise", rule), model, batch)
    move, frozen = shown - batch.inputs, batch.missing | rule.integer
    assert (move[frozen] == 0).all()
    assert move[~frozen].std().item() == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_fgsm_trains_on_the_corner_that_its_mode_sees(model, batch, rule, mode):
    _, shown = step(recipe_of("fgsm", rule, attack_mode=mode), model, batch)
    assert [training for training, _ in shown] == [mode == "train", True]
    assert torch.equal(shown[0][1], batch.inputs)
    move = shown[1][1] - batch.inputs
    frozen = batch.missing | rule.integer
    assert not (move != 0)[frozen].any()
    assert (move != 0)[~frozen].double().mean() > 0.8, "all but where dropout leaves no gradient"
    torch.testing.assert_close(move.abs().max(), torch.tensor(0.1))
    model.eval()
    draws = Draws.of_rows(0, batch.inputs)
    still = Problem(model, CROSS_ENTROPY, batch.inputs, batch.missing, batch.label, rule, draws)
    gradient = still.gradient().masked_fill(frozen, 0.0)
    assert torch.equal(move.sign(), gradient.sign()) == (mode == "eval")


@pytest.mark.parametrize("name", RECIPES)
def test_every_part_of_the_model_keeps_its_mode(name, model, batch, rule):
    model[0].eval()
    before = [part.training for part in model.modules()]
    for mode in ("train", "eval") if "attack_mode" in DEFINITIONS[name] else (None,):
        step(recipe_of(name, rule, **({"attack_mode": mode} if mode else {})), model, batch)
        assert [part.training for part in model.modules()] == before


def test_a_share_of_the_batch_is_attacked_and_the_rest_shown_as_it_is(model, batch, rule):
    _, shown = step(recipe_of("fgsm", rule, share=0.25), model, batch)
    assert len(shown[0][1]) == 16
    moved = (shown[1][1] != batch.inputs).any(dim=1)
    assert moved.tolist() == [True] * 16 + [False] * 48


@pytest.mark.parametrize(("epoch", "size"), [(0, 0.025), (1, 0.05), (3, 0.1), (9, 0.1)])
def test_epsilon_warms_up_in_equal_steps(model, batch, rule, epoch, size):
    _, shown = step(recipe_of("fgsm", rule, warm_up=3), model, batch, moment(epoch))
    assert (shown[1][1] - batch.inputs).abs().max().item() == pytest.approx(size, rel=1e-4)


@pytest.mark.parametrize("name", sorted(ATTACKS.keys() - {"transfer"}))
def test_any_attack_can_be_the_inner_step(name, model, batch, rule):
    """Here with correlations of which the Mahalanobis attacks know."""
    rule = replace(rule, spread=torch.eye(23).repeat(3, 1, 1))
    recipe = recipe_of("adversarial", rule, attack=ATTACK_DEFINITIONS[name])
    (losses,), shown = step(recipe, model, batch)
    assert torch.isfinite(losses).all()
    assert not torch.equal(shown[-1][1], batch.inputs)


def test_the_inner_attack_may_raise_another_loss(model, batch, rule):
    """A focal loss of this gamma has no gradient left where a jet is certain; cross-entropy has."""
    batch = batch._replace(inputs=200 * batch.inputs)
    moved = []
    for attack in ({"name": "fgsm"}, {"name": "fgsm", "loss": {"name": "cross_entropy"}}):
        definition = {"name": "adversarial", "attack": attack, **MIXING}
        recipe = build_recipe(definition, build_loss({"name": "focal", "gamma": 25}), rule)
        moved.append((step(recipe, model, batch)[1][1][1] != batch.inputs).any(dim=1).sum())
    assert moved[0] < moved[1]


def test_what_a_recipe_says_of_its_budget():
    attack = {"name": "pgd", "steps": 2, "factors": "as_intended", "frozen": ["jet"], "norm": "l2"}
    assert training_budget({"name": "adversarial", "attack": attack}, 0.2) == BudgetSettings(
        norm="l2", factors="as_intended", relative_cap=0.2, frozen=("jet",)
    )
    assert training_budget({"name": "fgsm"}, None) == BudgetSettings()


@pytest.mark.parametrize(
    ("attack", "needed"),
    [
        ({"name": "pgd"}, False),
        ({"name": "pgd", "norm": "mahalanobis"}, True),
        ({"name": "mahalanobis_pgd"}, True),
        ({"name": "mahalanobis_pgd", "norm": "l2"}, False),
        ({"name": "fgsm", "factors": "central"}, True),
    ],
)
def test_a_training_asks_for_the_spread_if_its_budget_is_measured_in_it(attack, needed):
    assert training_budget({"name": "adversarial", "attack": attack}, None).needs_spread == needed


def test_the_gradient_penalty_is_what_fgsm_adds_to_a_linear_loss(batch, rule):
    """With one linear layer and a loss linear in the logits the first order is all there is."""
    linear = torch.nn.Linear(23, 3)

    def linear_loss(logits, label):
        return -logits.gather(1, label[:, None])[:, 0]

    results = [
        step(build_recipe({"name": name, **DEFINITIONS[name]}, linear_loss, rule), linear, batch)[0][0]
        for name in ("gradient_penalty", "fgsm")
    ]
    torch.testing.assert_close(*results)


def test_trades_adds_the_divergence_that_it_has_found(model, batch, rule):
    model = build_model({"name": "mlp", "hidden": [24], "dropout": 0.0}, 23, seed=4)
    (losses,), shown = step(recipe_of("trades", rule), model, batch)
    with torch.no_grad():
        clean, attacked = model(shown[-1][1]).chunk(2)
    assert torch.equal(shown[-1][1][:64], batch.inputs)
    expected = CROSS_ENTROPY(clean, batch.label) + 2.0 * divergence(clean, attacked)
    torch.testing.assert_close(losses, expected)
    with torch.no_grad():
        draws = torch.rand(20, *batch.inputs.shape) * 0.2 - 0.1
        frozen = batch.missing | rule.integer
        random = torch.stack(
            [divergence(clean, model(batch.inputs + d.masked_fill(frozen, 0))) for d in draws]
        )
    assert divergence(clean, attacked).mean() > 2 * random.mean(), "the search beats chance"


def test_trades_compares_predictions_of_one_dropout_mask(model, batch, rule):
    """Where nothing moves, nothing diverges; the next step drops other activations."""
    recipe, trained = recipe_of("trades", rule, epsilon=1e-6), []

    def keep(network, _, logits):
        if network.training:
            trained.append(logits.detach())

    with model.register_forward_hook(keep):
        step(recipe, model, batch)
        step(recipe, model, batch)
    (clean, perturbed), (later, _) = (logits.chunk(2) for logits in trained)
    torch.testing.assert_close(perturbed, clean, rtol=0, atol=1e-4)
    assert (later - clean).abs().max() > 0.01


def test_the_divergence_is_that_of_probabilities():
    p, q = torch.tensor([[0.7, 0.2, 0.1]]), torch.tensor([[0.5, 0.25, 0.25]])
    expected = (p * (p / q).log()).sum()
    assert divergence(p.log() + 3, q.log() - 1).item() == pytest.approx(expected.item(), rel=1e-5)


def test_free_training_hands_its_perturbation_on(model, batch, rule):
    """The first replay of a batch starts where the last batch's left off; a short batch keeps the rest."""
    recipe, at = recipe_of("free", rule), moment()
    _, shown = step(recipe, model, batch, at)
    assert torch.equal(shown[0][1], batch.inputs), "nothing to hand on yet"
    left = at.state["perturbation"].clone()
    assert not torch.equal(shown[1][1], shown[0][1])
    short = batch.each(lambda tensor: tensor[:10])
    _, later = step(recipe, model, short, at)
    torch.testing.assert_close(later[0][1], short.inputs + left[:10])
    assert torch.equal(at.state["perturbation"][10:], left[10:])


def test_free_training_needs_a_gradient(batch, rule):
    """As an attack says it, and no error of the recipe's own."""

    class Deaf(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x.detach())

    with pytest.raises(InputError, match="no gradient leads from the loss back to the inputs"):
        step(recipe_of("free", rule), Deaf(23, 3), batch)


def test_one_replay_from_nothing_is_nominal_training(model, batch, rule):
    model = build_model({"name": "mlp", "hidden": [24], "dropout": 0.0}, 23, seed=4)
    (losses,), _ = step(recipe_of("free", rule, replays=1), model, batch)
    torch.testing.assert_close(losses, step(recipe_of("nominal", rule), model, batch)[0][0])


def test_named_recipes_are_the_general_one_with_their_attack(model, batch, rule):
    attack = {"name": "pgd", "steps": 3, "rate": 2.5, "restarts": 0}
    general = step(recipe_of("adversarial", rule, attack=attack), model, batch)[1][-1][1]
    assert torch.equal(step(recipe_of("pgd", rule), model, batch)[1][-1][1], general)
    model.eval()
    budget = rule.budget(batch.inputs, batch.missing, 0.1)
    assert torch.equal(pgd(model, batch.inputs, batch.label, budget, steps=3, rate=2.5, restarts=0), general)


def test_an_attack_in_training_mode_may_average_over_dropout(batch, rule):
    """Behind dropout, the gradient of a linear network's log-ratio averages to the one without."""
    torch.manual_seed(4)
    model = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(batch.inputs.shape[1], 3))

    def shown(**options):
        moved = step(recipe_of("fgsm", rule, objective="BvL", **options), model, batch)[1][-1][1]
        return (moved - batch.inputs).sign()

    off = shown(attack_mode="eval")
    one, many = (shown(attack_mode="train", masks=masks) for masks in (1, 200))
    agreement = [(each == off).double().mean() for each in (one, many)]
    assert agreement[0] < 0.8
    assert agreement[1] > 0.95


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("fgsm", {"attack_mode": "off"}, "train or eval"),
        ("fgsm", {"epsilon": 0.0}, "positive"),
        ("fgsm", {"share": 0.0}, "share"),
        ("fgsm", {"masks": 4, "attack_mode": "eval"}, "4 masks: use one, or attack_mode train"),
        (
            "adversarial",
            {"masks": 2, "attack_mode": "train", "attack": {"name": "noise"}},
            "an attack that raises an objective",
        ),
        ("adversarial", {"attack": {"name": "magic"}}, "unknown attack 'magic'"),
        ("adversarial", {"attack": {"name": "pgd"}}, "steps"),
        ("adversarial", {"attack": {"name": "transfer", "attack": {"name": "fgsm"}}}, "another model"),
    ],
)
def test_what_makes_no_sense_is_refused(rule, name, changes, message):
    with pytest.raises(InputError, match=message):
        recipe_of(name, rule, **changes)

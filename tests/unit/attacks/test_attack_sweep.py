import copy
import itertools
import sys
from dataclasses import replace

import pytest
import torch
from tests.unit.attacks.definitions import CHUNKABLE, DEFINITIONS
from torch import nn
from torch.nn import functional

from robustag.attacks import ATTACKS, NORMS, Budget, BudgetRule, Sweep, audit, input_gradient, sweep
from robustag.attacks.problem import Problem
from robustag.errors import InputError
from robustag.training import build_loss

EPSILONS = [0.0, 0.005, 0.01, 0.1]


def run(definition, setting, epsilons=EPSILONS, *, seed=2, **options):
    sources = (setting.model,)
    return dict(
        sweep(definition, *setting.arguments, setting.rule, epsilons, seed=seed, sources=sources, **options)
    )


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS)
class TestSweep:
    def test_equals_single_attacks(self, setting, definition):
        together = run(definition, setting)
        for epsilon in EPSILONS:
            assert torch.equal(together[epsilon], run(definition, setting, [epsilon])[epsilon])

    def test_gives_back_the_inputs_at_zero(self, setting, definition):
        assert torch.equal(run(definition, setting)[0.0], setting.inputs)

    def test_leaves_model_and_random_state_alone(self, setting, definition):
        state = torch.get_rng_state()
        run(definition, setting)
        assert torch.equal(torch.get_rng_state(), state)
        assert all(parameter.grad is None for parameter in setting.model.parameters())
        assert not setting.inputs.requires_grad

    def test_gives_the_same_twice(self, setting, definition):
        assert torch.equal(run(definition, setting, [0.1])[0.1], run(definition, setting, [0.1])[0.1])

    def test_ignores_what_made_rule_and_loss(self, setting, definition):
        more = {**definition, "factors": "none", "loss": {"name": "cross_entropy"}}
        assert torch.equal(run(more, setting)[0.1], run(definition, setting)[0.1])


@pytest.mark.parametrize("name", CHUNKABLE)
def test_the_chunk_does_not_matter(setting, name):
    whole, *pieces = (run(DEFINITIONS[name], setting, chunk=chunk) for chunk in (203, 7, 16, None))
    for epsilon, piece in itertools.product(EPSILONS, pieces):
        torch.testing.assert_close(whole[epsilon], piece[epsilon], rtol=0, atol=1e-5)


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS)
def test_a_jet_meets_the_same_numbers_in_any_order_and_with_any_threads(setting, definition):
    """Also where its moves depend on the other jets."""
    key = torch.arange(203) * 977
    order = torch.randperm(203, generator=torch.Generator().manual_seed(5))
    columns = {name: getattr(setting, name)[order] for name in ("inputs", "missing", "label")}
    shuffled = setting._replace(**columns)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        first = run(definition, setting, [0.1], key=key)
        torch.set_num_threads(2)
        second = run(definition, shuffled, [0.1], key=key[order])
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(first[0.1][order], second[0.1], rtol=0, atol=1e-5)


def test_jets_of_different_keys_meet_different_noise(setting):
    rows, keys = (run({"name": "uniform"}, setting, key=key)[0.1] for key in (None, torch.arange(203) + 1))
    moves, others = rows - setting.inputs, keys - setting.inputs
    moving = (moves != 0) & (others != 0)
    assert (moves != others)[moving].double().mean() > 0.99


def hungry(setting, most):
    """The setting with a model that has memory for so many jets, and the sizes that it was asked for."""
    asked = []

    def refuse(module, arguments):
        asked.append(len(arguments[0]))
        if asked[-1] > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    model = copy.deepcopy(setting.model)
    model.register_forward_pre_hook(refuse)
    return setting._replace(model=model), asked


@pytest.fixture
def small_chunks(monkeypatch):
    """As if fewer than 20 jets, not 2048, were not worth a GPU."""
    # The package has a function of the module's name.
    monkeypatch.setattr(sys.modules[Sweep.__module__], "CHUNK", 20)


@pytest.mark.parametrize("name", CHUNKABLE)
def test_where_memory_is_short_fewer_jets_are_perturbed_at_a_time(setting, name, small_chunks, caplog):
    greedy, asked = hungry(setting, 60)
    perturbed = run(DEFINITIONS[name], greedy, [0.1], chunk=203)[0.1]
    torch.testing.assert_close(perturbed, run(DEFINITIONS[name], setting, [0.1])[0.1], rtol=0, atol=1e-5)
    assert caplog.messages == [
        "cpu has no memory for 203 jets: on with 101",
        "cpu has no memory for 101 jets: on with 50",
    ]
    assert asked[-1] <= 60


def test_memory_may_run_out_between_epsilons(setting, small_chunks, caplog):
    """What was known of lost jets is kept, and every number is as if there had been room from the start."""
    model = copy.deepcopy(setting.model)
    most = [203]

    def refuse(module, arguments):
        if len(arguments[0]) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model.register_forward_pre_hook(refuse)
    case, rows = (*setting.arguments[1:], setting.rule), torch.arange(0, 203, 5)
    definition = {"name": "pgd", "steps": 2, "rate": 2.5, "restarts": 1}
    plenty = Sweep(definition, setting.model, *case, seed=3)
    attack = Sweep(definition, model, *case, seed=3, chunk=203)
    attack.problems[0].lost[7] = plenty.problems[0].lost[7] = True
    for room, epsilon, chunk in ((203, 0.1, 203), (110, 0.05, 101), (55, 0.1, 50)):
        most[0] = room
        perturbed = attack(epsilon)
        assert len(attack.problems[0].inputs) == chunk
        torch.testing.assert_close(perturbed, plenty(epsilon), rtol=0, atol=1e-5)
        found, expected = audit(attack, epsilon, perturbed, rows), audit(plenty, epsilon, perturbed, rows)
        assert found == pytest.approx(expected, rel=1e-6)
        assert found["unusable"] == 1 / 203
    assert len(caplog.messages) == 2


def test_memory_may_run_out_in_the_audit(setting, small_chunks, monkeypatch, caplog):
    attack = Sweep({"name": "uniform"}, *setting.arguments, setting.rule, seed=3, chunk=203)
    perturbed = attack(0.1)
    expected, holds = audit(attack, 0.1, perturbed), Budget.holds

    def refuse(budget, x):
        if len(x) > 110:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return holds(budget, x)

    monkeypatch.setattr(Budget, "holds", refuse)
    assert audit(attack, 0.1, perturbed) == pytest.approx(expected, rel=1e-6)
    assert caplog.messages == ["cpu has no memory for 203 jets: on with 101"]


def test_memory_may_run_out_while_jets_are_copied(setting, small_chunks, monkeypatch, caplog):
    module, made = sys.modules[Sweep.__module__], []

    def problem(*case, **options):
        made.append(len(case[2]))
        if made == [100, 100]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Problem(*case, **options)

    monkeypatch.setattr(module, "Problem", problem)
    perturbed = run(DEFINITIONS["noise"], setting, [0.1], chunk=100)[0.1]
    assert made == [100, 100, *[50] * 4, 3]
    assert len(caplog.messages) == 1
    torch.testing.assert_close(perturbed, run(DEFINITIONS["noise"], setting, [0.1])[0.1])


def test_without_any_memory_the_error_stays(setting, small_chunks):
    greedy, _ = hungry(setting, 10)
    with pytest.raises(torch.OutOfMemoryError):
        run({"name": "fgsm"}, greedy, chunk=203)


def test_an_attack_on_the_whole_sample_is_not_divided(setting, small_chunks):
    greedy, asked = hungry(setting, 202)
    with pytest.raises(torch.OutOfMemoryError):
        run(DEFINITIONS["conserving_pgd"], greedy)
    assert set(asked) == {203}


def test_one_gradient_serves_all_epsilons(setting):
    calls = []
    hook = setting.model.register_forward_hook(lambda *_: calls.append(1))
    run({"name": "fgsm"}, setting, EPSILONS, chunk=64)
    hook.remove()
    # One more looks at the logits.
    assert len(calls) == -(-len(setting.inputs) // 64) + 1


def test_noise_of_all_sizes_is_one_pattern_and_follows_the_seed(setting):
    small, large = (run({"name": "noise"}, setting)[epsilon] - setting.inputs for epsilon in (0.005, 0.1))
    torch.testing.assert_close(20 * small, large, rtol=0, atol=1e-5)
    assert not torch.equal(run({"name": "noise"}, setting, seed=3)[0.1] - setting.inputs, large)


def test_noise_has_the_width_that_epsilon_says():
    x, missing = torch.zeros(20_000, 8), torch.zeros(20_000, 8, dtype=torch.bool)
    rule = BudgetRule(torch.arange(8.0), torch.zeros(8, dtype=torch.bool), torch.zeros(8))
    label = torch.zeros(20_000, dtype=torch.int64)
    case = (nn.Identity(), build_loss({"name": "cross_entropy"}), x, missing, label, rule)
    ((_, noisy),) = sweep({"name": "noise"}, *case, [0.05], seed=1)
    torch.testing.assert_close(noisy.std(dim=0), 0.05 * torch.arange(8.0), rtol=0.03, atol=0)
    assert (noisy.abs() > 2 * 0.05 * torch.arange(8.0)).any(), "Gaussian noise is not cut at its width"


def test_fgsm_is_the_worst_case_of_a_two_class_linear_model():
    """Cross-entropy falls with the margin m, and the margin of a linear model with a sum over inputs:
    the largest loss in the box is ln(1 + exp(-(m - sum_f width_f |w_f|)))."""
    torch.manual_seed(8)
    features = 7
    model = nn.Linear(features, 2).double()
    x, label = torch.randn(40, features, dtype=torch.float64), torch.randint(0, 2, (40,))
    missing = torch.rand(40, features) < 0.2
    integer = torch.tensor([True] + [False] * 6)
    rule = BudgetRule(torch.linspace(0.5, 2, features).double(), integer, torch.randn(features).double(), 0.2)

    def loss(logits, label):
        return functional.cross_entropy(logits, label, reduction="none")

    ((_, perturbed),) = sweep({"name": "fgsm"}, model, loss, x, missing, label, rule, [0.3], seed=1)
    reached = loss(model(perturbed), label)

    logits = model(x)
    margin = logits.gather(1, label[:, None])[:, 0] - logits.gather(1, 1 - label[:, None])[:, 0]
    difference = (model.weight[1] - model.weight[0]).abs()
    width = rule.budget(x, missing, 0.3).upper - x
    torch.testing.assert_close(reached, functional.softplus(-(margin - width @ difference)))

    corners = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=features)), dtype=torch.float64)
    everywhere = x[:, None] + corners * width[:, None]
    losses = loss(model(everywhere).flatten(0, 1), label.repeat_interleave(len(corners))).view(40, -1)
    torch.testing.assert_close(reached, losses.max(dim=1).values)


def test_the_gradient_of_a_jet_does_not_depend_on_its_company(setting):
    alone = torch.cat(
        [
            input_gradient(setting.model, setting.loss, x, y)
            for x, y in zip(setting.inputs.split(1), setting.label.split(1), strict=True)
        ]
    )
    together = input_gradient(setting.model, setting.loss, setting.inputs, setting.label)
    torch.testing.assert_close(together, alone)


def test_fgsm_raises_the_loss_more_than_noise_or_shift(setting):
    rule = replace(setting.rule, scale=torch.ones_like(setting.rule.scale))
    mean_loss = {
        definition["name"]: setting.loss(
            setting.model(next(sweep(definition, *setting.arguments, rule, [0.05], seed=1))[1]), setting.label
        ).mean()
        for definition in (DEFINITIONS[name] for name in ("fgsm", "noise", "shift"))
    }
    assert mean_loss["fgsm"] > max(mean_loss["noise"], mean_loss["shift"]) + 0.001


def test_every_attack_has_a_complete_entry():
    assert set(DEFINITIONS) == set(ATTACKS)
    for name, info in ATTACKS.items():
        assert info.name == name
        assert info.norm in NORMS
        assert info.reference
        assert info.summary.endswith((".", ")"))
        assert info.needs_gradient == (info.backward_passes != "0")


@pytest.mark.parametrize(
    ("definition", "epsilons", "message"),
    [
        ({"name": "pgd99"}, [0.1], "unknown attack 'pgd99' .like pgd.*: use one of apgd, carlini_wagner"),
        ({"name": "fgsm", "steps": 3}, [0.1], "steps"),
        ({"name": "shift"}, [0.1], "direction"),
        ({"name": "shift", "direction": "left"}, [0.1], "'left': use one of down, up"),
        ({"name": "fgsm"}, [0.1, -0.1], "negative"),
        ({"name": "fgsm"}, [float("nan")], "negative"),
    ],
)
def test_a_wrong_definition_is_refused(setting, definition, epsilons, message):
    with pytest.raises(InputError, match=message):
        run(definition, setting, epsilons)


def test_wrong_data_are_refused(setting):
    nan = setting.inputs.clone()
    nan[3, 4] = torch.nan
    cases = [
        (setting._replace(inputs=nan), "NaN"),
        (setting._replace(missing=setting.missing[:, :3]), "do not fit"),
        (setting._replace(label=setting.label[:9]), "do not fit"),
        (setting._replace(rule=BudgetRule(torch.ones(2), torch.ones(2) > 2, torch.ones(2))), "do not fit"),
    ]
    for broken, message in cases:
        with pytest.raises(InputError, match=message):
            run({"name": "fgsm"}, broken)

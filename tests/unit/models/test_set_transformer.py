"""The set transformer: the order of tracks, absent tracks, gradients, and every attack."""

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.attacks.definitions import DEFINITIONS
from tests.unit.models.conftest import NETWORKS

from robustag.attacks import BudgetRule, Sweep
from robustag.attacks.catalogue import ATTACKS
from robustag.errors import InputError
from robustag.models import Inputs, build_model, load_model, save_model
from robustag.training import build_loss

DEFINITION = NETWORKS["set_transformer"]


@pytest.fixture(scope="module")
def model(jets):
    return build_model(DEFINITION, jets.inputs, seed=2).eval()


@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(6)))
def test_the_order_of_the_tracks_does_not_matter(jets, model, order):
    moved = jets.values.copy()
    columns = jets.inputs.table.element_block("track").columns
    moved[:, columns] = moved[:, columns[:, list(order)]]
    before, after = (model(jets.scaled(values)[0]) for values in (jets.values, moved))
    assert torch.allclose(before, after, rtol=1e-4, atol=1e-4)


def test_tracks_and_their_pairs_matter(jets):
    x, missing = jets.scaled()
    model = build_model(DEFINITION, jets.inputs, seed=2).eval()
    before = model(x)
    with torch.no_grad():
        model.embed_pair[2].weight.zero_()
    without = model(x)
    present = (~missing[:, 16:].unflatten(1, (-1, 6))).any(dim=1).sum(dim=1)
    assert not torch.allclose(before[present > 2], without[present > 2], atol=1e-4)
    # One track has no pair, and no track none either.
    assert torch.allclose(before[present < 2], without[present < 2], atol=1e-5)


def test_every_input_that_is_there_has_a_gradient_and_no_absent_track_has_one(jets, model):
    x, missing = jets.scaled()
    x.requires_grad_(True)
    losses = torch.nn.functional.cross_entropy(model(x), torch.arange(len(x)) % 3, reduction="sum")
    gradient = torch.autograd.grad(losses, x)[0]
    assert torch.isfinite(gradient).all()
    assert (gradient[~missing] != 0).float().mean() > 0.999
    absent = missing[:, 16:].unflatten(1, (-1, 6)).all(dim=1)
    assert (gradient[:, 16:].unflatten(1, (-1, 6)).transpose(1, 2)[absent] == 0).all()


def test_the_gradient_is_the_slope(jets, model):
    model = build_model(DEFINITION, jets.inputs, seed=2).eval().double()
    x, missing = jets.scaled()
    x = x[:40].double().requires_grad_(True)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    direction[missing[:40]] = 0
    slope = (torch.autograd.grad(model(x)[:, 0].sum(), x)[0] * direction).sum(dim=1)
    step = 1e-6
    with torch.no_grad():
        secant = (model(x + step * direction) - model(x - step * direction))[:, 0] / (2 * step)
    # A corner of a ReLU within the step is possible, and rare.
    assert torch.isclose(slope, secant, rtol=1e-4, atol=1e-6).float().mean() > 0.95


def test_jets_do_not_see_each_other(jets, model):
    x, _ = jets.scaled()
    assert torch.allclose(model(x)[5:6], model(x[5:6]), atol=1e-5)


def test_a_second_derivative_exists(jets, model):
    x, _ = jets.scaled()
    x = x[:5].requires_grad_(True)
    (first,) = torch.autograd.grad(model(x).logsumexp(dim=1).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    assert torch.isfinite(second).all()
    assert second.abs().max() > 0


def test_all_attacks_work_on_it_and_leave_missing_entries(jets, model, table):
    x, missing = jets.scaled()
    x, missing = x[:60], missing[:60]
    rule = BudgetRule.of(table, jets.inputs.normalisation)
    spread = torch.eye(x.shape[1]).expand(3, -1, -1).contiguous()
    rule = BudgetRule(**{**vars(rule), "spread": spread})
    label = torch.arange(len(x)) % 3
    loss = build_loss({"name": "cross_entropy"})
    clean = loss(model(x), label).mean()
    for name in ATTACKS:
        sources = (model,) if name == "transfer" else ()
        attack = Sweep(DEFINITIONS[name], model, loss, x, missing, label, rule, seed=1, sources=sources)
        attacked = attack(0.05)
        assert torch.equal(attacked[missing], x[missing]), name
        # Fewer jets than inputs leave no room to move without changing a correlation.
        if ATTACKS[name].needs_gradient and name != "conserving_pgd":
            assert loss(model(attacked), label).mean() > clean, name


def test_it_is_rebuilt_from_its_file_alone(jets, model, tmp_path):
    card = {"network": DEFINITION, **jets.inputs.card(), "classes": 3, "loss": {"name": "cross_entropy"}}
    save_model(tmp_path / "model.safetensors", model, card)
    loaded, stored = load_model(tmp_path / "model.safetensors")
    x, _ = jets.scaled()
    assert torch.equal(loaded(x), model(x))
    scaling = Inputs.of_card(stored).normalisation
    assert np.array_equal(scaling.mean, jets.inputs.normalisation.mean)


def test_the_studys_own_has_18743_parameters(jets, root):
    models = yaml.safe_load((root / "config/config.yaml").read_text())["models"]
    model = build_model(models["clean_set_transformer"]["network"], jets.inputs, seed=0)
    assert sum(parameter.numel() for parameter in model.parameters()) == 18_743


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": ["momentum"]}, "no variable 'momentum' of tracks: use those of track: D0"),
        ({"pairs": []}, "at least one variable"),
        ({"width": 9}, "multiple of heads"),
        ({"layers": 0}, "positive numbers"),
    ],
)
def test_a_wrong_definition_is_refused(jets, change, message):
    with pytest.raises(InputError, match=message):
        build_model({**DEFINITION, **change}, jets.inputs, seed=0)


def test_it_has_to_know_its_tracks():
    with pytest.raises(InputError, match=r"build it with Inputs\.of\(table, normalisation\)"):
        build_model(DEFINITION, 184, seed=0)

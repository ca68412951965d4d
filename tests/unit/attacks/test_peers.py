"""General attack libraries on the same model under the same budget.

They know one number for all inputs and a box of [0, 1]. Seen from inside a budget that is enough: an adapter
lets them move a point of the unit cube, whose sides are the intervals of each jet and input. Foolbox is
always there; the others are optional (`pip install .[peers]`), and without them their tests are skipped.
"""

import copy
import warnings

import pytest
import torch
from torch import nn

from robustag.attacks import Budget, fgsm, fmn, pgd

STEPS = 10
RATE = 2.5
CENTRE = 0.5


class FromUnitCube(nn.Module):
    """The model behind the budget: takes d in [0, 1]^F to the point of each jet's intervals at that share."""

    def __init__(self, model: nn.Module, budget: Budget) -> None:
        super().__init__()
        # A copy, for libraries leave gradients at its weights.
        self.model, self.budget = copy.deepcopy(model), budget

    def inputs(self, d):
        below, above = self.budget.origin - self.budget.lower, self.budget.upper - self.budget.origin
        return self.budget.origin + 2 * (d - CENTRE) * torch.where(d < CENTRE, below, above)

    def forward(self, d):
        return self.model(self.inputs(d))


@pytest.fixture(scope="module")
def case(setting):
    budget = Budget.around(
        setting.inputs,
        0.2,
        scale=setting.rule.scale,
        missing=setting.missing,
        frozen=setting.rule.integer,
    )
    adapter = FromUnitCube(setting.model, budget).eval()
    return setting, budget, adapter, torch.full_like(setting.inputs, CENTRE)


def foolbox_end(adapter, start, label, steps):
    # Here, for it warns while it is imported.
    import foolbox

    model = foolbox.PyTorchModel(adapter, bounds=(0, 1))
    if steps == 1:
        attack = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    else:
        attack = foolbox.attacks.LinfProjectedGradientDescentAttack(
            abs_stepsize=RATE / steps * CENTRE, steps=steps, random_start=False
        )
    return attack(model, start, label, epsilons=CENTRE)[1]


def torchattacks_end(adapter, start, label, steps):
    torchattacks = pytest.importorskip("torchattacks", reason="torchattacks is not installed")
    alpha = CENTRE if steps == 1 else RATE / steps * CENTRE
    return torchattacks.PGD(adapter, eps=CENTRE, alpha=alpha, steps=steps, random_start=False)(start, label)


def art_end(adapter, start, label, steps):
    pytest.importorskip("art", reason="adversarial-robustness-toolbox is not installed")
    from art.attacks.evasion import ProjectedGradientDescent
    from art.estimators.classification import PyTorchClassifier

    classifier = PyTorchClassifier(
        adapter, nn.CrossEntropyLoss(), input_shape=start.shape[1:], nb_classes=3, clip_values=(0, 1)
    )
    attack = ProjectedGradientDescent(
        classifier,
        eps=CENTRE,
        eps_step=CENTRE if steps == 1 else RATE / steps * CENTRE,
        max_iter=steps,
        batch_size=len(start),
        verbose=False,
    )
    return torch.from_numpy(attack.generate(start.numpy(), label.numpy()))


def secml_end(adapter, start, label, steps):
    pytest.importorskip("secmlt", reason="secml-torch is not installed")
    from secmlt.adv.backends import Backends
    from secmlt.adv.evasion.pgd import PGD
    from secmlt.models.pytorch.base_pytorch_nn import BasePyTorchClassifier
    from torch.utils.data import DataLoader, TensorDataset

    size = CENTRE if steps == 1 else RATE / steps * CENTRE
    # It does not look at the end of its last step.
    attack = PGD("linf", CENTRE, steps + 1, size, backend=Backends.NATIVE)
    # All jets in one batch, as the adapter knows their budgets by their rows.
    jets = DataLoader(TensorDataset(start, label), batch_size=len(start))
    (found,) = attack(BasePyTorchClassifier(adapter), jets)
    return found[0]


@pytest.mark.parametrize("peer", [foolbox_end, torchattacks_end, art_end])
@pytest.mark.parametrize("steps", [1, STEPS])
@pytest.mark.filterwarnings("ignore")
def test_losses_agree_to_four_digits(case, peer, steps):
    setting, budget, adapter, start = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = adapter.inputs(peer(adapter, start, setting.label, steps)).detach()
    arguments = setting.model, setting.inputs, setting.label, budget
    ours = fgsm(*arguments) if steps == 1 else pgd(*arguments, steps=steps, rate=RATE, restarts=0)
    with torch.no_grad():
        clean, mine, other = (
            float(setting.loss(setting.model(x), setting.label).mean())
            for x in (setting.inputs, ours, theirs)
        )
    assert mine == pytest.approx(other, rel=1e-4)
    assert mine > clean + 0.03
    assert not budget.outside(ours).any()


@pytest.mark.parametrize("steps", [1, STEPS])
@pytest.mark.filterwarnings("ignore")
def test_a_library_that_keeps_the_best_point_of_its_way_finds_hardly_more(case, steps):
    """SecML-Torch gives the worst of all points that it has seen for each jet."""
    setting, budget, adapter, start = case
    arguments = setting.model, setting.inputs, setting.label, budget
    theirs = adapter.inputs(secml_end(adapter, start, setting.label, steps)).detach()
    ours = fgsm(*arguments) if steps == 1 else pgd(*arguments, steps=steps, rate=RATE, restarts=0)
    with torch.no_grad():
        mine, other = (setting.loss(setting.model(x), setting.label) for x in (ours, theirs))
    assert (mine <= other + 1e-5).all()
    assert float(mine.mean()) == pytest.approx(float(other.mean()), rel=3e-4)


@pytest.mark.filterwarnings("ignore")
def test_minimal_norms_are_no_longer_than_those_of_foolbox(case):
    """FMN with the same number of steps, in a budget that is wide enough for every jet."""
    import foolbox

    setting, _, _, start = case
    budget = Budget.around(
        setting.inputs, 5.0, scale=setting.rule.scale, missing=setting.missing, frozen=setting.rule.integer
    )
    adapter = FromUnitCube(setting.model, budget).eval()
    # Its steps are in units of the cube's half side, ours in units of the scale.
    attack = foolbox.attacks.LInfFMNAttack(steps=60, max_stepsize=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = foolbox.PyTorchModel(adapter, bounds=(0, 1))
        _, ends, fooled = attack(model, start, setting.label, epsilons=None)
    theirs = torch.where(fooled, 2 * 5.0 * (ends - start).abs().amax(dim=1), torch.inf)
    options = {"steps": 60, "learning_rate": 1.0, "shrinkage": 0.05}
    moved = fmn(setting.model, setting.inputs, setting.label, budget, **options)
    scale = setting.rule.scale
    ours = torch.where(scale > 0, (moved - setting.inputs).abs() / scale, 0.0).amax(dim=1)
    right = setting.model(setting.inputs).argmax(dim=1) == setting.label
    assert (setting.model(moved).argmax(dim=1) != setting.label)[right & fooled].double().mean() > 0.95
    assert ours[right].median() <= 1.02 * theirs[right].median()

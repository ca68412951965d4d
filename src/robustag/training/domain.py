"""Training on labelled jets of one detector and unlabelled jets of another one."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.adam import adam

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.models import last_features
from robustag.options import Names, Positive, Whole
from robustag.training.step import Batch, Moment, Recipe, in_one_variation

#: Width of the hidden layer of the domain classifier.
_WIDTH = 100


def domain(
    loss: PerJetLoss,
    rule: BudgetRule,
    *,
    variations: Names,
    weight: Positive,
    warm_up: Whole = 0,
    rate: Positive = 0.001,
    shuffled: bool = False,
) -> Recipe:
    """Loss of labelled jets, and features in which unlabelled ones of another detector look like them.

    A classifier learns to tell from what the last layer is shown whether a jet is simulation or data; a
    gradient that is reversed on its way to the network makes the features tell less (arXiv:1409.7495). Data
    are a mixture of variations, whose flavours nobody reads. In every step the first half of the batch is
    simulation to the classifier, and the other half is data, as one of the variations at random measures it:
    no jet is both, and the halves are others in every epoch. Neither half has training weights there, for
    those know the flavour.

    Parameters
    ----------
    variations : list of str
        Of the same collisions: of the detector, or of the records.
    weight : float
        Of the reversed gradient, that of the classifier's mean loss in nats.
    warm_up : int
        Epochs over which the weight grows in equal steps to its full size.
    rate : float
        Learning rate of the classifier, by Adam.
    shuffled : bool
        Whether simulation and data are mixed up at random: the control, which costs the same and knows no
        domains.
    """

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        jets = len(batch.label)
        half = jets // 2
        is_data = torch.arange(jets, device=batch.label.device) >= half
        if shuffled:
            is_data = is_data[torch.rand(jets, generator=moment.generator, device=is_data.device).argsort()]
        data = in_one_variation(batch, moment)[half:]
        with last_features(model) as shown:
            logits = model(torch.cat([batch.inputs, data]))
        features = torch.cat([shown[0][:half], shown[0][jets:]]).float()
        strength = weight * min(1.0, (moment.epoch + 1) / (warm_up + 1))
        features.register_hook(lambda gradient: -strength * gradient)
        classifier = _Classifier(moment, features)
        told = functional.binary_cross_entropy_with_logits(classifier(features), is_data.to(features.dtype))
        yield loss(logits[:jets], batch.label) + told
        classifier.descend(rate)

    return step


class _Classifier:
    """A hidden layer and one output, in a single vector of weights; it and its optimiser are in the moment.

    Parameters
    ----------
    moment : Moment
        Of the step; it gets random weights where it has none.
    features : float32 [N, W]
        What it will be shown.
    """

    def __init__(self, moment: Moment, features: Tensor) -> None:
        self._moment, width = moment, features.shape[1]
        self._shapes = [(_WIDTH, width), (_WIDTH,), (1, _WIDTH), (1,)]
        if "classifier" not in moment.state:
            # As torch sets them: uniform within the inverse root of what a layer is shown.
            drawn = [
                (2 * torch.rand(shape, generator=moment.generator, device=features.device) - 1) / seen**0.5
                for shape, seen in zip(self._shapes, (width, width, _WIDTH, _WIDTH), strict=True)
            ]
            weights = torch.cat([part.flatten() for part in drawn])
            moment.state["classifier"] = weights
            for name in ("mean", "square"):
                moment.state[f"classifier {name}"] = torch.zeros_like(weights)
            moment.state["classifier steps"] = weights.new_zeros(())
        self._weights = moment.state["classifier"].detach().requires_grad_()

    def __call__(self, features: Tensor) -> Tensor:
        """Logit [N] of a jet being data."""
        parts = self._weights.split([math.prod(shape) for shape in self._shapes])
        first, first_bias, last, last_bias = (
            part.view(shape) for part, shape in zip(parts, self._shapes, strict=True)
        )
        hidden = functional.linear(features, first, first_bias).relu()
        return functional.linear(hidden, last, last_bias)[:, 0]

    @torch.no_grad()
    def descend(self, rate: float) -> None:
        """Take the step of Adam that the gradient of the weights says, if somebody went backward to them."""
        gradient = self._weights.grad
        if gradient is None:
            return
        mean, square, steps = (
            self._moment.state[f"classifier {name}"] for name in ("mean", "square", "steps")
        )
        adam(
            *([self._weights], [gradient], [mean], [square], [], [steps]),
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            lr=rate,
            weight_decay=0.0,
            maximize=False,
        )

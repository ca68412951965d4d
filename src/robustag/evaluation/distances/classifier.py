"""Two samples told apart by networks: what a comparison of all inputs at once would have seen."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch._dynamo  # which the first optimiser imports: forked jobs share it so
from torch import Tensor, nn
from torch.nn import functional

from robustag.errors import InputError
from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.roc import Area, Ranking, area
from robustag.models import build_model
from robustag.tensors.split import mixed

_NETWORK = {"name": "mlp", "hidden": [64, 64], "dropout": 0.0}
_EPOCHS, _BATCH, _RATE = 10, 256, 0.002
_LEVELS = 256


class Sample(NamedTuple):
    """Jets: inputs float [N, F], missing ones at their stand-in, event int64 [N], weight float [N]."""

    inputs: np.ndarray
    event: np.ndarray
    weight: np.ndarray


class Training(NamedTuple):
    """One network of `Classifiers`.

    Attributes
    ----------
    sees : bool [F]
        The inputs that it is given.
    tested : int
        Which half of the events it is tested on, 0 or 1; the other half trains it.
    seed : int
        Of its weights and batches.
    """

    sees: np.ndarray
    tested: int
    seed: int


class Classifiers:
    """Networks that tell changed jets from clean ones, trained side by side.

    Each is trained on half of the events and tested on the other half, so that the copies of one jet are
    always on the same side. Inputs enter as ranks among the jets of both samples: a shift small beside sigma
    can be large beside a distribution's core, or beyond its end.

    Parameters
    ----------
    clean, changed : Sample
    trainings : sequence of Training [M]

    Raises
    ------
    InputError
        If a half has no jet of a sample.
    """

    def __init__(self, clean: Sample, changed: Sample, trainings: Sequence[Training]) -> None:
        inputs, self._event, self._weight = (
            np.concatenate(columns) for columns in zip(clean, changed, strict=True)
        )
        self._label = np.repeat([0, 1], [len(clean.event), len(changed.event)])
        half = mixed(self._event) % 2
        if min(np.bincount(2 * half.astype(np.int64) + self._label, minlength=4)) == 0:
            raise InputError("too few events to train and test a classifier of two samples: use more jets")
        self._trainings, self._half = trainings, half
        self._knots = _quantiles(inputs)
        ranks = self._ranks(inputs)
        self._networks = _Networks(trainings)
        known = torch.from_numpy(self._label), torch.from_numpy(self._weight).float()
        self._networks.train(
            ranks, *known, [torch.from_numpy(np.flatnonzero(half != one.tested)) for one in trainings]
        )
        self._scores = self._networks.scores(ranks)

    def auc(self, number: int, seed: int, replicates: int = 100) -> Area:
        """AUC of one network on the half it is tested on, with its 68 % interval.

        The error, a bootstrap over events, is that of the tested jets; another half to train on would give
        another network. Identical samples give 0.5.

        Parameters
        ----------
        number : int
            Of the training.
        seed, replicates : int
            Of the bootstrap.
        """
        rows = np.flatnonzero(self._half == self._trainings[number].tested)
        clean, changed = (np.flatnonzero(self._label[rows] == side) for side in (0, 1))
        weights = replicas(self._event[rows], self._weight[rows], replicates, seed)
        return area(self._scores[number, rows], changed, clean, weights)

    def flagged(
        self, number: int, jets: Sample, false_alarms: float, seed: int, replicates: int = 100
    ) -> np.ndarray:
        """Number of some changed jets that one network flags, with a share of the clean ones as false alarms.

        Parameters
        ----------
        number : int
            Of the training.
        jets : Sample
            Of which those of the half count that it is tested on, also if they were not there so far.
        false_alarms : float
            On the clean jets of that half.
        seed, replicates : int
            Of the bootstrap of the clean jets, R replicates.

        Returns
        -------
        ndarray float64 [1 + R]
            Or their weight, as it is and for each replicate's threshold.
        """
        tested = self._trainings[number].tested
        own = mixed(jets.event) % 2 == tested
        if not own.any():
            return np.zeros(1 + replicates)
        clean = np.flatnonzero((self._half == tested) & (self._label == 0))
        scores = self._networks.scores(self._ranks(jets.inputs[own]))[number]
        weights = replicas(self._event[clean], self._weight[clean], replicates, seed)
        alike = np.repeat(jets.weight[own, None], 1 + replicates, axis=1).astype(weights.dtype)
        curves = Ranking(scores, self._scores[number, clean]).weigh(alike, weights)
        return jets.weight[own].sum() * curves.efficiency_at_mistag(np.array([false_alarms]))[0]

    def _ranks(self, inputs: np.ndarray) -> Tensor:
        """Inputs [N, F] as their rank among the jets of both samples, float32 in [-1, 1]."""
        level = np.linspace(-1.0, 1.0, _LEVELS)
        columns = [np.interp(column, own, level) for column, own in zip(inputs.T, self._knots, strict=True)]
        return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def _quantiles(inputs: np.ndarray) -> np.ndarray:
    """Entries of evenly spread rank of each input, [F, 256]."""
    places = np.linspace(0, len(inputs) - 1, _LEVELS).round().astype(np.int64)
    return np.sort(np.ascontiguousarray(inputs.T, dtype=np.float32), axis=1)[:, places]


class _Networks:
    """The networks of some seeds as one, with a weight more in front of every tensor: one call trains all."""

    def __init__(self, trainings: Sequence[Training]) -> None:
        self._sees = torch.from_numpy(np.stack([one.sees for one in trainings])).float()[:, None]
        alone = [build_model(_NETWORK, self._sees.shape[2], 2, seed=one.seed) for one in trainings]
        linear = [[part for part in one.modules() if isinstance(part, nn.Linear)] for one in alone]
        self._layers = [
            tuple(
                torch.stack(tensors).detach().requires_grad_()
                for tensors in ([part.bias[None] for part in same], [part.weight.T for part in same])
            )
            for same in zip(*linear, strict=True)
        ]
        self._generators = [torch.Generator().manual_seed(one.seed) for one in trainings]

    def train(self, ranks: Tensor, label: Tensor, weight: Tensor, rows: Sequence[Tensor]) -> None:
        """Each on its own rows [T] of ranks [N, F]; in an epoch, on as many as the one with fewest has."""
        tensors = [tensor for layer in self._layers for tensor in layer]
        optimiser = torch.optim.Adam(tensors, lr=_RATE, weight_decay=1e-4, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _EPOCHS)
        fewest = min(len(own) for own in rows)
        for _ in range(_EPOCHS):
            orders = [
                own[torch.randperm(len(own), generator=generator)[:fewest]]
                for own, generator in zip(rows, self._generators, strict=True)
            ]
            for chosen in torch.stack(orders).split(_BATCH, dim=1):
                optimiser.zero_grad()
                logits, truth, each = self._logits(ranks[chosen]), label[chosen], weight[chosen]
                losses = functional.cross_entropy(logits.transpose(1, 2), truth, reduction="none")
                # By the sizes of the weights, as in `robustag.training`.
                ((losses * each).sum(dim=1) / each.abs().sum(dim=1)).sum().backward()
                optimiser.step()
            schedule.step()

    def scores(self, ranks: Tensor) -> np.ndarray:
        """Log-odds of being changed by each network, float32 [M, N], of ranks [N, F]."""
        with torch.inference_mode():
            logits = self._logits(ranks.expand(len(self._sees), -1, -1))
        return (logits[..., 1] - logits[..., 0]).numpy()

    def _logits(self, ranks: Tensor) -> Tensor:
        """[M, N, 2] of ranks [M, N, F]."""
        hidden = ranks * self._sees
        for number, (bias, weight) in enumerate(self._layers):
            hidden = torch.baddbmm(bias, hidden.relu() if number else hidden, weight)
        return hidden

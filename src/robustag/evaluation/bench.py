"""Trained models beside what says of their inputs, loaded together and checked to belong together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from robustag.attacks import AttackDefinition, BudgetRule, BudgetSettings, Spread, Sweep
from robustag.attacks.problem import PerJetLoss
from robustag.features import FeatureTable
from robustag.models import check_features, load_model
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors
from robustag.training.losses import build_loss


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Attributes
    ----------
    network : Module
        Returns logits, in evaluation mode.
    card : dict
        How it was trained.
    """

    network: nn.Module
    card: dict

    @property
    def loss(self) -> PerJetLoss:
        """The loss it was trained with."""
        return build_loss(self.card["loss"])


@dataclass(frozen=True)
class Bench:
    """What models of one study are measured with.

    Attributes
    ----------
    table : FeatureTable
        Their inputs.
    normalisation : Normalisation
        How these are scaled.
    spread : Spread or None
        How they scatter, for budgets that are measured in it.
    device : str or torch.device
        Where models and budgets are, and so where attacks are made.
    """

    table: FeatureTable
    normalisation: Normalisation
    spread: Spread | None = None
    device: str | torch.device = "cpu"

    @classmethod
    def load(
        cls,
        features: str | Path,
        normalisation: str | Path,
        spread: str | Path | None = None,
        *,
        device: str | torch.device = "cpu",
    ) -> "Bench":
        """Read the files of a study; errors as those of `FeatureTable`, `Normalisation` and `Spread`."""
        return cls(
            FeatureTable.load(features),
            Normalisation.load(normalisation),
            None if spread is None else Spread.load(spread),
            device,
        )

    def model(self, path: str | Path) -> Trained:
        """Read a model.

        Raises
        ------
        InputError
            If the file is none, or the model was trained on other inputs.
        """
        network, card = load_model(path)
        check_features(card, self.table.names)
        return Trained(network.to(self.device), card)

    def rule(self, budget: BudgetSettings) -> BudgetRule:
        """What a budget lets move."""
        rule = BudgetRule.configured(budget, self.table, self.normalisation, self.spread)
        return rule.to(self.device)

    def sweep(
        self,
        definition: AttackDefinition,
        target: Trained,
        jets: JetTensors,
        *,
        seed: int,
        sources: Sequence[Trained] = (),
        only: np.ndarray | None = None,
    ) -> Sweep:
        """An attack of the study, prepared on some jets.

        It raises the loss of its definition; without one, that of the model which it is crafted on: the first
        source of a transferred attack, the target of any other.

        Parameters
        ----------
        definition : AttackDefinition
        target : Trained
        jets : JetTensors
        seed : int
            Of random attacks.
        sources : sequence of Trained
            Models to craft on.
        only : bool [F], optional
            Inputs that may move, of those that its budget lets move; all of these by default.
        """
        rule = self.rule(definition.budget)
        if only is not None:
            rule = replace(rule, scale=rule.scale * torch.from_numpy(only).to(rule.scale))
        crafted_on = [*sources, target][0]
        return Sweep(
            definition,
            target.network,
            build_loss(definition.loss or crafted_on.card["loss"]),
            jets.inputs,
            jets.missing,
            jets.label,
            rule,
            seed=seed,
            key=jets.key,
            sources=tuple(source.network for source in sources),
        )

"""The training loop: data resident on the device, exact resume, a row of history an epoch."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import nn

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.classes import LIGHT, B, C
from robustag.errors import InputError
from robustag.models import Inputs, build_model, choose
from robustag.training.auc import auc
from robustag.training.checkpoint import load_checkpoint, save_checkpoint
from robustag.training.feed import Feed, batches, on_device
from robustag.training.losses import build_loss
from robustag.training.recipes import Batch, Recipe, build_recipe
from robustag.training.schedule import learning_rate

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

#: Optimisers by the name that configurations use.
OPTIMISERS: dict[str, type[torch.optim.Optimizer]] = {"adam": torch.optim.Adam}

_VALIDATION_CHUNK = 8192


def train_model(
    definition: dict,
    train: Feed,
    validation: "JetTensors",
    rule: BudgetRule,
    *,
    seed: int,
    device: str,
    checkpoint: Path,
    fingerprint: str,
    progress: Callable[[dict], None],
    inputs: Inputs | None = None,
) -> tuple[nn.Module, pd.DataFrame]:
    """Train one model.

    Parameters
    ----------
    definition : dict
        ``network``, ``loss``, ``recipe``, ``optimiser`` (name, learning_rate, decay, batch_size, epochs).
    train : Feed
        The training jets, on `device`.
    validation : JetTensors
        With inputs float32 [N, F] scaled, missing bool [N, F], label int64 [N], weight float32 [N].
    rule : BudgetRule
        What the attack inside an adversarial recipe may move.
    seed : int
        Of weights, order of the jets, dropout.
    device : str
        "cpu" or "cuda".
    checkpoint : Path
        Written after each epoch. If it is there at the start, with the same fingerprint, training goes on
        from it and ends with the weights of an uninterrupted run, bit for bit. It is left in place: remove it
        once the model is safe.
    fingerprint : str
        Of all that decides the result: definition, data, seed, code.
    progress : callable
        Called with each epoch's row of history, once its checkpoint is written.
    inputs : Inputs, optional
        What networks that tell inputs apart have to know.

    Returns
    -------
    model : nn.Module
        In evaluation mode, on the CPU.
    history : DataFrame
        One row an epoch: epoch (from 1), train_loss (weighted mean, as trained on), validation_loss
        (unweighted mean, clean jets), validation_auc_bvl, validation_auc_cvl, learning_rate, seconds.

    Raises
    ------
    InputError
        If the definition is wrong, a flavour is absent from the validation jets, or the loss is not finite.
    """
    settings = definition["optimiser"]
    loss = build_loss(definition["loss"])
    recipe = build_recipe(definition["recipe"], loss, rule.to(device))
    held_out = on_device(validation, torch.device(device))
    model = build_model(definition["network"], inputs or held_out.inputs.shape[1], seed=seed).to(device)
    create = choose(OPTIMISERS, settings.get("name", ""), "optimiser")
    optimiser = create(model.parameters(), lr=settings["learning_rate"], fused=True)
    history = load_checkpoint(checkpoint, model, optimiser, fingerprint)
    for epoch in range(len(history), settings["epochs"]):
        began = time.perf_counter()
        rate = learning_rate(settings, epoch)
        for group in optimiser.param_groups:
            group["lr"] = rate
        train_loss = _train_epoch(model, optimiser, recipe, train, settings["batch_size"], (seed, epoch))
        if not math.isfinite(train_loss):
            raise InputError(
                f"the training loss is {train_loss} in epoch {epoch + 1}: "
                f"lower the learning rate ({rate:g}), and look for NaN in the inputs"
            )
        history.append(
            {
                "epoch": epoch + 1,
                "train_loss": train_loss,
                **validate(model, loss, held_out),
                "learning_rate": rate,
                "seconds": time.perf_counter() - began,
            }
        )
        save_checkpoint(checkpoint, model, optimiser, history, fingerprint)
        progress(history[-1])
    return model.eval().cpu(), pd.DataFrame(history)


def validate(model: nn.Module, loss: PerJetLoss, jets: Batch) -> dict[str, float]:
    """Unweighted mean loss and the AUC of two discriminators on clean jets, dropout off.

    The discriminators are Pb/(Pb+Pl) on b and light jets and Pc/(Pc+Pl) on c and light jets; differences of
    logits rank jets as these do.
    """
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(x) for x in jets.inputs.split(_VALIDATION_CHUNK)])
        value = loss(logits, jets.label).mean().item()
    row = {"validation_loss": value}
    for name, signal in (("bvl", B), ("cvl", C)):
        chosen = (jets.label == signal) | (jets.label == LIGHT)
        score = (logits[:, signal] - logits[:, LIGHT])[chosen]
        row[f"validation_auc_{name}"] = auc(score, jets.label[chosen] == signal)
    return row


def _train_epoch(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    recipe: Recipe,
    train: Feed,
    batch_size: int,
    key: tuple[int, int],
) -> float:
    """One pass over the jets in random order; the weighted mean loss. All randomness follows from `key`."""
    device = next(model.parameters()).device
    # Two streams: one for the order of the jets and the recipe, one for dropout.
    order_seed, dropout_seed = (
        int(state >> np.uint64(1)) for state in np.random.SeedSequence(key).generate_state(2, np.uint64)
    )
    generator = torch.Generator(device).manual_seed(order_seed)
    total = torch.zeros(2, device=device, dtype=torch.float64)
    model.train()
    # Dropout draws from torch's default generator, which is handed back as it was.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(dropout_seed)
        for batch in batches(train, batch_size, generator):
            optimiser.zero_grad(set_to_none=True)
            losses = recipe(model, batch, generator)
            weighted, weight = (losses * batch.weight).sum(), batch.weight.sum()
            (weighted / weight).backward()
            optimiser.step()
            total += torch.stack((weighted.detach(), weight))
    return float(total[0] / total[1])

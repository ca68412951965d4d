"""The training loop: data resident on the device, exact resume, a row of history an epoch."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import torch._dynamo  # which the first optimiser imports: forked jobs share it so
from torch import nn

from robustag.attacks.rule import BudgetRule
from robustag.errors import InputError
from robustag.models import Inputs, build_model
from robustag.registry import choose
from robustag.training.checkpoint import load_checkpoint, save_checkpoint
from robustag.training.feed import Feed, batches, on_device
from robustag.training.losses import build_loss
from robustag.training.recipes import build_recipe
from robustag.training.recorded import Recorded
from robustag.training.schedule import learning_rate
from robustag.training.snapshots import Snapshot, names_of, snapshot
from robustag.training.step import Moment
from robustag.training.updates import Updates
from robustag.training.validation import Validation

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

#: Optimisers by the name that configurations use.
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {"adam": torch.optim.Adam}


class Trained(NamedTuple):
    """What a training gives.

    Attributes
    ----------
    model : nn.Module
        After the last epoch, in evaluation mode, on the CPU.
    history : DataFrame
        One row per epoch: epoch (from 1), train_loss (weighted mean, as trained on), the columns of
        `Validation`, learning_rate, seconds.
    snapshots : dict of str to Snapshot
        "last", "best_clean" and "best_adversarial" (lowest validation loss), and "epoch{n}" of the
        checkpoints asked for.
    """

    model: nn.Module
    history: pd.DataFrame
    snapshots: dict[str, Snapshot]


def train_model(
    definition: dict,
    train: Feed,
    validation: "JetTensors",
    rule: BudgetRule,
    *,
    validation_rule: BudgetRule,
    settings: Mapping,
    seed: int,
    device: str,
    checkpoint: Path,
    fingerprint: str,
    progress: Callable[[dict], None],
    inputs: Inputs | None = None,
) -> Trained:
    """Train one model.

    Parameters
    ----------
    definition : dict
        ``network``, ``loss``, ``recipe``, ``optimiser`` (name, learning_rate, decay, batch_size, epochs,
        perhaps precision), ``checkpoints`` (epochs whose weights are kept).
    train : Feed
        The training jets, on `device`.
    validation : JetTensors
        With inputs float32 [N, F] scaled, missing bool [N, F], label int64 [N], weight float32 [N].
    rule : BudgetRule
        What the attack inside an adversarial recipe may move.
    validation_rule : BudgetRule
        What the attack on the validation jets may move.
    settings : mapping
        How all models are followed: ``epsilon`` of that attack, and ``monitored`` jets (see `Validation`).
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

    Raises
    ------
    InputError
        If the definition is wrong, a flavour is absent from the validation jets, or the loss is not finite.
    """
    options = definition["optimiser"]
    loss = build_loss(definition["loss"])
    recipe = build_recipe(definition["recipe"], loss, rule.to(device))
    held_out = on_device(validation, torch.device(device))
    held_out = held_out._replace(weight=validation.event_weight.to(device))
    validate = Validation(
        held_out, loss, validation_rule.to(device), settings["epsilon"], settings["monitored"]
    )
    model = build_model(definition["network"], inputs or held_out.inputs.shape[1], seed=seed).to(device)
    create = choose(OPTIMISERS, options.get("name", ""), "optimiser")
    optimiser = create(model.parameters(), **_optimiser_options(options["learning_rate"], device))
    done = load_checkpoint(checkpoint, model, optimiser, fingerprint)
    called = Updates(model, optimiser, recipe, options.get("precision", "float32"))
    warm_up = definition["recipe"].get("warm_up", 0)
    update = Recorded(called, warm_up) if torch.device(device).type == "cuda" else called
    moment = Moment(0, torch.Generator(device), done.state)
    for epoch in range(len(done.history), options["epochs"]):
        began = time.perf_counter()
        rate = learning_rate(options, epoch)
        _set_rate(optimiser, rate)
        moment.epoch = epoch
        train_loss = _train_epoch(model, update, train, options["batch_size"], seed, moment)
        if not math.isfinite(train_loss):
            raise InputError(
                f"the training loss is {train_loss} in epoch {epoch + 1}: "
                f"lower the learning rate ({rate:g}), and look for NaN in the inputs"
            )
        done.history.append(
            {
                "epoch": epoch + 1,
                "train_loss": train_loss,
                **validate(model),
                "learning_rate": rate,
                "seconds": time.perf_counter() - began,
            }
        )
        names = names_of(done.history, definition["checkpoints"])
        done.snapshots |= {name: snapshot(model, epoch + 1) for name in names}
        save_checkpoint(checkpoint, model, optimiser, done, fingerprint)
        progress(done.history[-1])
    return Trained(model.eval().cpu(), pd.DataFrame(done.history), done.snapshots)


def _optimiser_options(rate: float, device: str) -> dict[str, Any]:
    """On a GPU the learning rate is a tensor, which recorded updates read anew each time."""
    if torch.device(device).type != "cuda":
        return {"lr": rate, "fused": True}
    return {"lr": torch.tensor(rate, device=device), "fused": True, "capturable": True}


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def _train_epoch(
    model: nn.Module,
    update: Updates | Recorded,
    train: Feed,
    batch_size: int,
    seed: int,
    moment: Moment,
) -> float:
    """One pass over the jets in random order; the weighted mean loss.

    All randomness follows from the seed and the epoch.
    """
    device = next(model.parameters()).device
    # Two streams: one for the order of the jets and the recipe, one for dropout.
    order_seed, dropout_seed = (
        int(word >> np.uint64(1))
        for word in np.random.SeedSequence((seed, moment.epoch)).generate_state(2, np.uint64)
    )
    moment.generator.manual_seed(order_seed)
    update.total.zero_()
    model.train()
    # Dropout draws from torch's default generator, which is handed back as it was.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(dropout_seed)
        for batch in batches(train, batch_size, moment.generator):
            update(batch, moment)
    loss, weight = update.total.tolist()
    return float(loss / weight)

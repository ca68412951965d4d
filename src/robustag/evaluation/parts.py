"""What is left of an attack's effect when only a part of its moves is made."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robustag.evaluation.campaign import predict
from robustag.evaluation.discriminators import DISCRIMINATORS, Discriminator, log_odds
from robustag.evaluation.roc import Ranking
from robustag.intervals import interval

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors


class Scores:
    """AUC of a model on jets with changed inputs: inputs [N, F] to discriminator -> float64 [R + 1].

    Jets count as `weights` [N, R + 1] say (`robustag.evaluation.bootstrap.replicas`). `discriminators` are
    the names of those wanted.
    """

    def __init__(
        self, model: torch.nn.Module, jets: "JetTensors", weights: np.ndarray, discriminators: Sequence[str]
    ) -> None:
        self._model, self._label = model, jets.label.numpy()
        self._wanted = [one for one in DISCRIMINATORS if one.name in discriminators]
        self._weights = weights

    def __call__(self, inputs: Tensor) -> dict[str, np.ndarray]:
        logits = predict(self._model, inputs)
        return {discriminator.name: self._auc(logits, discriminator) for discriminator in self._wanted}

    def _auc(self, logits: np.ndarray, discriminator: Discriminator) -> np.ndarray:
        score = log_odds(logits, discriminator)
        flavours = (discriminator.signal, discriminator.background)
        signal, background = (np.flatnonzero(self._label == flavour) for flavour in flavours)
        ranking = Ranking(score[signal], score[background])
        return ranking.weigh_among(self._weights, signal, background).auc()


def effects(
    scores: Callable[[Tensor], Mapping[str, np.ndarray]],
    moves: Tensor,
    parts: Mapping[str, Tensor],
    inputs: Tensor,
) -> pd.DataFrame:
    """How much of an attack's effect its parts have.

    Parameters
    ----------
    scores : callable
        Inputs [N, F] to the AUC of each discriminator, float64 [R + 1]: of all jets, then of each replicate.
    moves : Tensor float32 [N, F]
        The attack's moves of the jets.
    parts : mapping of str to Tensor
        Parts [N, F] of the moves.
    inputs : Tensor float32 [N, F]
        The clean jets.

    Returns
    -------
    DataFrame
        Columns span, ``kept`` (``projected``: the part as it is; ``rescaled``: made as long as the attack of
        the jet, in L2, which some inputs then exceed), ``length`` (mean length of the part over that of the
        attack), discriminator, ``loss`` of AUC, its low and high, ``attack`` (loss to the whole attack),
        ``share`` of that loss with share_low and share_high (68 % bootstrap intervals) and its ``replicates``
        (float32 [R]), which are paired in all rows.
    """
    clean, whole = scores(inputs), scores(inputs + moves)
    size = moves.norm(dim=1, keepdim=True)
    rows = []
    for span, part in parts.items():
        length = part.norm(dim=1, keepdim=True)
        rescaled = torch.where(length > 0, part * size / length.clamp(min=1e-30), 0.0)
        ratio = float((length / size)[size > 0].mean())
        for kept, changed in (("projected", part), ("rescaled", rescaled)):
            for discriminator, auc in scores(inputs + changed).items():
                full = clean[discriminator] - whole[discriminator]
                loss = clean[discriminator] - auc
                share = loss / full
                (low, high), (share_low, share_high) = interval(loss[1:]), interval(share[1:])
                rows.append(
                    {
                        "span": span,
                        "kept": kept,
                        "length": ratio,
                        "discriminator": discriminator,
                        "loss": loss[0],
                        "low": low,
                        "high": high,
                        "attack": full[0],
                        "share": share[0],
                        "share_low": share_low,
                        "share_high": share_high,
                        "replicates": share[1:].astype(np.float32),
                    }
                )
    return pd.DataFrame(rows)

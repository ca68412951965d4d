"""Running a model over perturbed or re-simulated samples and measuring it each time."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from robustag.errors import InputError
from robustag.evaluation import VARIED
from robustag.evaluation.assess import AssessedJets, assess
from robustag.evaluation.histograms import input_histograms
from robustag.evaluation.rates import Cuts, clean_cuts
from robustag.evaluation.settings import Evaluation
from robustag.evaluation.tables import Assessment
from robustag.memory import Place, within_memory
from robustag.models import in_mode

if TYPE_CHECKING:
    from robustag.attacks.problem import PerJetLoss
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors

_CHUNK = 16_384
"""Jets a forward pass: activations of a 100-wide layer then stay in the cache of one core."""


def predict(model: torch.nn.Module, inputs: torch.Tensor, chunk: int | None = None) -> np.ndarray:
    """Logits float32 [N, 3] of scaled inputs [N, F], in inference and evaluation mode.

    Every part of the model keeps its mode. Inputs are moved to its device, `chunk` of them at a time: by
    default all to a GPU, or as many as it has memory for, and 16,384 to a CPU.
    """
    device = next(model.parameters()).device

    def logits(place: Place) -> torch.Tensor:
        network = model if place.device == device else copy.deepcopy(model).to(place.device)
        with in_mode(network, training=False), torch.inference_mode():
            return torch.cat([network(part.to(place.device)).cpu() for part in inputs.split(place.chunk)])

    return within_memory(logits, Place.of(device, len(inputs), _CHUNK, chunk))[0].numpy()


def run_sweep(
    model: torch.nn.Module,
    perturbed: Iterable[tuple[float, torch.Tensor]],
    data: "JetTensors",
    normalisation: "Normalisation",
    evaluation: Evaluation,
    kind: str,
    perturbation: str,
    progress: Callable[[float], None] | None = None,
    reference: "JetTensors | None" = None,
    *,
    loss: "PerJetLoss",
) -> Assessment:
    """Measure a model on its clean jets and at every epsilon of a perturbation.

    Parameters
    ----------
    model : Module
        Returns logits [N, 3].
    perturbed : iterable of (epsilon, inputs)
        Scaled inputs [N, F] of the jets of `data`, one for each epsilon; epsilon 0 may be among them, and
        is always measured on the stored inputs.
    data : JetTensors
        The clean jets.
    normalisation : Normalisation
        Brings inputs to physical units for their histograms.
    evaluation : Evaluation
    kind, perturbation : str
        Labels of the rows.
    progress : callable, optional
        Called with each epsilon once it is measured.
    reference : JetTensors, optional
        Clean jets that fix the working-point cuts, if more of them than are perturbed; `data` otherwise.
    loss : PerJetLoss
        The loss the model was trained with, whose mean is measured.

    Returns
    -------
    Assessment
        With kind, perturbation and epsilon columns; epsilon 0 first, then the iterable's order.

    Raises
    ------
    InputError
        As `assess`; if a perturbed sample has another shape than the clean one; if the evaluation
        names an unknown input.
    """
    logits = predict(model, data.inputs)
    cuts = _cuts(model, logits, data, reference, evaluation)
    meter = _Meter(data, cuts, loss, normalisation, evaluation)
    parts = []

    def measure(epsilon: float, inputs: torch.Tensor, changed: np.ndarray) -> None:
        parts.append(meter(inputs, changed, logits).labelled(kind, perturbation, epsilon))
        if progress is not None:
            progress(epsilon)

    measure(0.0, data.inputs, logits)
    for epsilon, inputs in perturbed:
        if epsilon == 0:
            continue
        if inputs.shape != data.inputs.shape:
            raise InputError(
                f"{perturbation} at epsilon {epsilon} has inputs {tuple(inputs.shape)}, the clean jets "
                f"{tuple(data.inputs.shape)}: perturb the jets that are measured"
            )
        measure(epsilon, inputs, predict(model, inputs))
        # Before the next ones are made.
        del inputs
    return Assessment.concatenate(parts)


def run_varied(
    model: torch.nn.Module,
    clean: "JetTensors",
    varied: "JetTensors",
    normalisation: "Normalisation",
    evaluation: Evaluation,
    kind: str,
    perturbation: str,
    reference: "JetTensors | None" = None,
    *,
    loss: "PerJetLoss",
) -> Assessment:
    """Measure a model on a varied sample beside the clean one.

    The samples may differ in jets; events that are in both have the same bootstrap weights, so differences
    are paired. If they hold the same jets, those that cross a cut are counted. Rows: epsilon 0 for clean,
    `VARIED` for varied. Parameters and errors otherwise as `run_sweep`.
    """
    logits = predict(model, clean.inputs)
    cuts = _cuts(model, logits, clean, reference, evaluation)
    before = _Meter(clean, cuts, loss, normalisation, evaluation)(clean.inputs, logits, logits)
    meter = _Meter(varied, cuts, loss, normalisation, evaluation)
    same = torch.equal(clean.event, varied.event) and torch.equal(clean.eta, varied.eta)
    after = meter(varied.inputs, predict(model, varied.inputs), logits if same else None)
    return Assessment.concatenate(
        [part.labelled(kind, perturbation, e) for e, part in ((0.0, before), (VARIED, after))]
    )


def _cuts(
    model: torch.nn.Module,
    logits: np.ndarray,
    clean: "JetTensors",
    reference: "JetTensors | None",
    evaluation: Evaluation,
) -> Cuts:
    """Working points from the clean jets, or from the reference if there is one."""
    if reference is not None:
        logits, clean = predict(model, reference.inputs), reference
    return clean_cuts(logits, _numpy(clean.label), evaluation, _numpy(clean.event_weight))


class _Meter:
    """Measures what becomes of one sample: `meter(inputs, logits, logits of the same jets when clean)`."""

    def __init__(
        self,
        data: "JetTensors",
        cuts: Cuts,
        loss: "PerJetLoss",
        normalisation: "Normalisation",
        evaluation: Evaluation,
    ) -> None:
        for name in evaluation.inputs:
            if name not in normalisation.names:
                raise InputError(
                    f"evaluation inputs name '{name}', which the data do not have: "
                    f"use names such as {', '.join(normalisation.names[:3])}"
                )
        self._data, self._cuts, self._loss = data, cuts, loss
        self._normalisation, self._evaluation = normalisation, evaluation
        columns = (data.label, data.event, data.pt, data.eta, data.weight, data.event_weight)
        label, event, pt, eta, weight, event_weight = map(_numpy, columns)
        self._jets = AssessedJets.of(label, event, pt, eta, weight, event_weight, evaluation)

    def __call__(self, inputs: torch.Tensor, logits: np.ndarray, clean: np.ndarray | None) -> Assessment:
        loss = self._loss(torch.from_numpy(logits), self._data.label.cpu())
        part = assess(logits, self._jets, self._evaluation, self._cuts, {"loss": _numpy(loss)}, clean)
        if not self._evaluation.inputs:
            return part
        shapes = pd.concat([part.histograms, self._inputs(inputs)], ignore_index=True)
        return replace(part, histograms=shapes)

    def _inputs(self, inputs: torch.Tensor) -> pd.DataFrame:
        """Histograms of the chosen inputs."""
        ranges = self._evaluation.inputs
        columns = {name: self._normalisation.names.index(name) for name in ranges}
        values = {
            name: _numpy(inputs[:, column].double()) * self._normalisation.sigma[column]
            + self._normalisation.mean[column]
            for name, column in columns.items()
        }
        missing = {name: _numpy(self._data.missing[:, column]) for name, column in columns.items()}
        return input_histograms(values, missing, self._jets.label, ranges, self._jets.counted)


def _numpy(column: torch.Tensor) -> np.ndarray:
    return column.cpu().numpy()

"""Running a model over perturbed or re-simulated samples and measuring it each time."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from robustag.errors import InputError
from robustag.evaluation.assess import Assessment, assess, clean_cuts
from robustag.evaluation.bootstrap import event_weights
from robustag.evaluation.histograms import input_histograms

if TYPE_CHECKING:
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors

_CHUNK = 16_384
"""Jets a forward pass: activations of a 100-wide layer then stay in the cache of one core."""

VARIED = 1.0
"""The epsilon that stands for the varied sample of a re-simulated scenario."""


def predict(model: torch.nn.Module, inputs: torch.Tensor, chunk: int = _CHUNK) -> np.ndarray:
    """Logits float32 [N, 3] of scaled inputs [N, F], in inference and evaluation mode.

    The model keeps its mode; inputs are moved to its device chunk by chunk.
    """
    training = model.training
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(part.to(device)).cpu() for part in inputs.split(chunk)])
    model.train(training)
    return logits.numpy()


def run_sweep(
    model: torch.nn.Module,
    perturbed: Iterable[tuple[float, torch.Tensor]],
    data: "JetTensors",
    normalisation: "Normalisation",
    settings: Mapping,
    kind: str,
    perturbation: str,
    progress: Callable[[float], None] | None = None,
    reference: "JetTensors | None" = None,
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
    settings : mapping
        As `assess`, and inputs: name -> [low, high], the inputs to histogram in physical units.
    kind, perturbation : str
        Labels of the rows.
    progress : callable, optional
        Called with each epsilon once it is measured.
    reference : JetTensors, optional
        Clean jets that fix the working-point cuts, if more of them than are perturbed; `data` otherwise.

    Returns
    -------
    Assessment
        With kind, perturbation and epsilon columns; epsilon 0 first, then the iterable's order.

    Raises
    ------
    InputError
        As `assess`; if a perturbed sample has another shape than the clean one; if settings["inputs"]
        names an unknown input.
    """
    ranges = _ranges(settings, normalisation)
    label, event = data.label.cpu().numpy(), data.event.cpu().numpy()
    weights = event_weights(event, settings["bootstrap"], settings["seed"])
    logits = predict(model, data.inputs)
    if reference is None:
        cuts = clean_cuts(logits, label, settings)
    else:
        cuts = clean_cuts(predict(model, reference.inputs), reference.label.cpu().numpy(), settings)
    parts = []

    def measure(epsilon: float, logits: np.ndarray, inputs: torch.Tensor) -> None:
        part = assess(logits, label, event, settings, cuts, weights)
        part = _with_inputs(part, inputs, data, normalisation, ranges)
        parts.append(part.labelled(kind, perturbation, epsilon))
        if progress is not None:
            progress(epsilon)

    measure(0.0, logits, data.inputs)
    for epsilon, inputs in perturbed:
        if epsilon == 0:
            continue
        if inputs.shape != data.inputs.shape:
            raise InputError(
                f"{perturbation} at epsilon {epsilon} has inputs {tuple(inputs.shape)}, the clean jets "
                f"{tuple(data.inputs.shape)}: perturb the jets that are measured"
            )
        measure(epsilon, predict(model, inputs), inputs)
    return Assessment.concatenate(parts)


def run_varied(
    model: torch.nn.Module,
    clean: "JetTensors",
    varied: "JetTensors",
    normalisation: "Normalisation",
    settings: Mapping,
    kind: str,
    perturbation: str,
) -> Assessment:
    """Measure a model on a re-simulated sample beside the clean one.

    Working-point cuts come from the clean jets. The samples may differ in jets; events that are in both have
    the same bootstrap weights, so differences are paired. Rows: epsilon 0 for clean, 1 for varied.
    Parameters and errors otherwise as `run_sweep`.
    """
    ranges = _ranges(settings, normalisation)
    cuts = clean_cuts(logits := predict(model, clean.inputs), clean.label.cpu().numpy(), settings)
    parts = []
    for epsilon, data, scores in ((0.0, clean, logits), (VARIED, varied, predict(model, varied.inputs))):
        part = assess(scores, data.label.cpu().numpy(), data.event.cpu().numpy(), settings, cuts)
        part = _with_inputs(part, data.inputs, data, normalisation, ranges)
        parts.append(part.labelled(kind, perturbation, epsilon))
    return Assessment.concatenate(parts)


def _ranges(settings: Mapping, normalisation: "Normalisation") -> dict[str, tuple[float, float]]:
    for name in settings["inputs"]:
        if name not in normalisation.names:
            raise InputError(
                f"evaluation inputs name '{name}', which the data do not have: "
                f"use names such as {', '.join(normalisation.names[:3])}"
            )
    return {name: (low, high) for name, (low, high) in settings["inputs"].items()}


def _with_inputs(
    part: Assessment,
    inputs: torch.Tensor,
    data: "JetTensors",
    normalisation: "Normalisation",
    ranges: Mapping[str, tuple[float, float]],
) -> Assessment:
    """The assessment with the histograms of the chosen inputs appended."""
    if not ranges:
        return part
    values, missing = {}, {}
    for name in ranges:
        column = normalisation.names.index(name)
        scaled = inputs[:, column].double().cpu().numpy()
        values[name] = scaled * normalisation.sigma[column] + normalisation.mean[column]
        missing[name] = data.missing[:, column].cpu().numpy()
    shapes = input_histograms(values, missing, data.label.cpu().numpy(), ranges)
    return Assessment.concatenate([part, Assessment(part.metrics[:0], part.curves[:0], shapes)])

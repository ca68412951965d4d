"""Running a model over perturbed or re-simulated samples and measuring it each time."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
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
from robustag.evaluation.transport import Outputs
from robustag.memory import Place, within_memory
from robustag.models import in_mode

if TYPE_CHECKING:
    from robustag.attacks.problem import PerJetLoss
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors

_CHUNK = 2048
"""Jets a forward pass: activations of a 100-wide layer then stay in the cache of one core."""


def predict(model: torch.nn.Module, inputs: torch.Tensor, chunk: int | None = None) -> np.ndarray:
    """Logits float32 [N, 3] of scaled inputs [N, F], in inference and evaluation mode.

    Every part of the model keeps its mode. Inputs are moved to its device, `chunk` of them at a time: by
    default all to a GPU, or as many as it has memory for, and 2,048 to a CPU.
    """
    device = next(model.parameters()).device

    def logits(place: Place) -> torch.Tensor:
        network = model if place.device == device else copy.deepcopy(model).to(place.device)
        with in_mode(network, training=False), torch.inference_mode():
            return torch.cat([network(part.to(place.device)).cpu() for part in inputs.split(place.chunk)])

    return within_memory(logits, Place.of(device, len(inputs), _CHUNK, chunk))[0].numpy()


class Baseline:
    """A model on clean jets, measured once, beside which other samples are measured.

    Parameters
    ----------
    model : Module
        Returns logits [N, 3].
    clean : JetTensors
        The clean jets.
    normalisation : Normalisation
        Brings inputs to physical units for their histograms.
    evaluation : Evaluation
    reference : JetTensors, optional
        Clean jets that fix the working-point cuts, if more of them than are perturbed; `clean` otherwise.
    loss : PerJetLoss
        The loss the model was trained with, whose mean is measured.

    Raises
    ------
    InputError
        As `assess`; if the evaluation names an unknown input.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        clean: "JetTensors",
        normalisation: "Normalisation",
        evaluation: Evaluation,
        reference: "JetTensors | None" = None,
        *,
        loss: "PerJetLoss",
    ) -> None:
        self._model, self._jets = model, clean
        self._logits = predict(model, clean.inputs)
        cuts = _cuts(model, self._logits, clean, reference, evaluation)
        self._meter_of = partial(
            _Meter, cuts=cuts, loss=loss, normalisation=normalisation, evaluation=evaluation
        )
        self._meter = self._meter_of(clean)
        self._outputs = Outputs(self._logits, self._meter.jets)
        measured = self._meter(clean.inputs, self._logits, self._logits)
        self._clean = measured.with_metrics(self._outputs.spread())

    def sweep(
        self,
        perturbed: Iterable[tuple[float, torch.Tensor]],
        kind: str,
        perturbation: str,
        progress: Callable[[float], None] | None = None,
    ) -> Assessment:
        """Measure the model at every epsilon of a perturbation.

        Parameters
        ----------
        perturbed : iterable of (epsilon, inputs)
            Scaled inputs [N, F] of the clean jets, one for each epsilon; epsilon 0 may be among them, and
            is always measured on the stored inputs.
        kind, perturbation : str
            Labels of the rows.
        progress : callable, optional
            Called with each epsilon once it is measured.

        Returns
        -------
        Assessment
            With kind, perturbation and epsilon columns; epsilon 0 first, then the iterable's order.

        Raises
        ------
        InputError
            As `assess`; if a perturbed sample has another shape than the clean one.
        """
        parts = [self._clean.labelled(kind, perturbation, 0.0)]
        for epsilon, inputs in perturbed:
            if epsilon == 0:
                continue
            if inputs.shape != self._jets.inputs.shape:
                raise InputError(
                    f"{perturbation} at epsilon {epsilon} has inputs {tuple(inputs.shape)}, the clean jets "
                    f"{tuple(self._jets.inputs.shape)}: perturb the jets that are measured"
                )
            measured = self._meter(inputs, predict(self._model, inputs), self._logits)
            parts.append(measured.labelled(kind, perturbation, epsilon))
            if progress is not None:
                progress(epsilon)
            # Before the next ones are made.
            del inputs
        return Assessment.concatenate(parts)

    def varied(self, sample: "JetTensors", kind: str, perturbation: str) -> Assessment:
        """Measure the model on a varied sample.

        The samples may differ in jets; events that are in both have the same bootstrap weights, so
        differences are paired. If they hold the same jets, those that cross a cut are counted; of jets that
        only count otherwise (`JetTensors.reweighted`) as many as have the same error. Rows: epsilon 0 for
        clean, `VARIED` for varied, whose metrics say how far outputs are transported, too. Errors as those
        of `assess`.
        """
        jets = self._jets
        same = torch.equal(jets.event, sample.event) and torch.equal(jets.eta, sample.eta)
        reweighted = sample.inputs is jets.inputs and sample.event_weight is not jets.event_weight
        logits = self._logits if reweighted else predict(self._model, sample.inputs)
        meter = self._meter_of(sample)
        measured = meter(
            sample.inputs,
            logits,
            self._logits if same else None,
            jets.event_weight if reweighted else None,
        )
        after = measured.with_metrics(self._outputs.transport(Outputs(logits, meter.jets)))
        return Assessment.concatenate(
            [part.labelled(kind, perturbation, e) for e, part in ((0.0, self._clean), (VARIED, after))]
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
    """Measures what becomes of one sample.

    `meter(inputs, logits, logits of the same jets when clean, their weights then if others)`
    """

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
        self.jets = AssessedJets.of(label, event, pt, eta, weight, event_weight, evaluation)

    def __call__(
        self,
        inputs: torch.Tensor,
        logits: np.ndarray,
        clean: np.ndarray | None,
        clean_weight: torch.Tensor | None = None,
    ) -> Assessment:
        loss = self._loss(torch.from_numpy(logits), self._data.label.cpu())
        before = None if clean_weight is None else _numpy(clean_weight)
        losses = {"loss": _numpy(loss)}
        part = assess(logits, self.jets, self._evaluation, self._cuts, losses, clean, before)
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
        return input_histograms(values, missing, self.jets.label, ranges, self.jets.counted)


def _numpy(column: torch.Tensor) -> np.ndarray:
    return column.cpu().numpy()

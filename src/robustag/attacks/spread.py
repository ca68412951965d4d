"""How the inputs of training jets scatter, and published ones: units of scales and Mahalanobis budgets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from robustag.errors import InputError
from robustag.models import read_tensors, write_tensors

if TYPE_CHECKING:
    from robustag.features.published import Moments
    from robustag.tensors import Normalisation

JETS = 300_000
"""Training jets that a study measures at most: they give each correlation to 0.002."""
_CENTRAL = (0.2, 0.8)
_CHUNK = 16_384


@dataclass(frozen=True)
class Spread:
    """Scatter of the scaled inputs of training jets, without missing entries.

    Attributes
    ----------
    covariance : Tensor float32 [3, F, F]
        Of the jets of each flavour, shrunk; positive definite.
    central : Tensor float32 [F]
        Standard deviation of the central 20-80 % of each input.
    shrinkage : tuple of float
        Ledoit-Wolf intensity of each flavour.
    published : Tensor float32 [F] or None
        Standard deviation of each input in a published data set; zero where nothing is published.
    """

    covariance: Tensor
    central: Tensor
    shrinkage: tuple[float, ...]
    published: Tensor | None = None

    @classmethod
    def measure(cls, inputs: Tensor, missing: Tensor, label: Tensor, classes: int = 3) -> "Spread":
        """Measure inputs float32 [N, F] with `missing` bool [N, F] and flavour `label` int64 [N].

        Raises
        ------
        InputError
            If a flavour has fewer than two jets.
        """
        shrunk = []
        for flavour in range(classes):
            chosen = label == flavour
            if int(chosen.sum()) < 2:
                raise InputError(f"flavour {flavour} has fewer than 2 training jets: use a larger sample")
            shrunk.append(shrunk_covariance(inputs[chosen], missing[chosen]))
        return cls(
            torch.stack([covariance for covariance, _ in shrunk]).float(),
            central_deviation(inputs, missing),
            tuple(intensity for _, intensity in shrunk),
        )

    def save(self, path: str | Path) -> None:
        """Write as safetensors."""
        tensors = {"covariance": self.covariance, "central": self.central, "published": self.published}
        there = {name: tensor for name, tensor in tensors.items() if tensor is not None}
        write_tensors(path, there, {"shrinkage": self.shrinkage})

    @classmethod
    def load(cls, path: str | Path) -> "Spread":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is damaged or something else.
        """
        tensors, card = read_tensors(path)
        if {"covariance", "central"} != tensors.keys() - {"published"}:
            raise InputError(f"{path} is no spread of training inputs: delete it and run again")
        return cls(**tensors, shrinkage=tuple(card["shrinkage"]))


def published_deviation(published: "Mapping[str, Moments]", normalisation: "Normalisation") -> Tensor:
    """Published standard deviation float32 [F] in units of the sample's own; zero where there is none."""
    sigma = [published[name].sigma if name in published else 0.0 for name in normalisation.names]
    return torch.tensor(np.array(sigma) / normalisation.sigma, dtype=torch.float32)


def shrunk_covariance(x: Tensor, missing: Tensor) -> tuple[Tensor, float]:
    """Covariance float64 [F, F] of jets `x` [N, F], and its shrinkage intensity.

    Each input is centred and standardised on the jets that have it; a missing entry then counts as the mean,
    and the column is scaled up to unit variance again, so that every variance is that of the existing
    entries while correlations between inputs that seldom exist together lean towards zero. The correlation
    matrix is shrunk towards the identity with the intensity of Ledoit and Wolf (J. Multivariate Anal. 88
    (2004) 365), which makes it positive definite.
    """
    jets = len(x)
    there = (~missing).double()
    count = there.sum(dim=0)
    mean = (x.double() * there).sum(dim=0) / count.clamp(min=1)
    total = mean.new_zeros(x.shape[1], x.shape[1])
    fourth = mean.new_zeros(())
    deviations = [
        (part.double() - mean) * ok for part, ok in zip(x.split(_CHUNK), there.split(_CHUNK), strict=True)
    ]
    squares = sum((part.square().sum(dim=0) for part in deviations), torch.zeros_like(mean))
    sigma = (squares / count.clamp(min=1)).sqrt()
    unit = (squares / jets).sqrt()
    inverse = torch.where(unit > 0, 1 / unit, 0.0)
    for part in deviations:
        z = part * inverse
        total += z.T @ z
        fourth += z.square().sum(dim=1).square().sum()
    sample = total / jets
    identity = torch.eye(len(mean), dtype=mean.dtype, device=mean.device)
    distance = (sample - identity).square().sum()
    noise = (fourth / jets - sample.square().sum()) / jets
    intensity = float((noise / distance).clamp(0.0, 1.0)) if distance > 0 else 1.0
    correlation = (1 - intensity) * sample + intensity * identity
    # A constant input has no variance: it gets a minute one, so that the matrix stays invertible.
    correlation.fill_diagonal_(1.0)
    sigma = sigma.clamp(min=1e-6)
    return sigma[:, None] * correlation * sigma, intensity


def central_deviation(x: Tensor, missing: Tensor) -> Tensor:
    """Standard deviation float32 [F] of the central 20-80 % of each input's existing entries."""
    deviations = []
    for column, absent in zip(x.T, missing.T, strict=True):
        ordered = column[~absent].sort().values
        low, high = (round(share * len(ordered)) for share in _CENTRAL)
        central = ordered[low:high].double()
        deviations.append(central.std(correction=0) if len(central) > 1 else central.new_zeros(()))
    return torch.stack(deviations).float()

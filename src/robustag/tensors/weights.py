"""Training weights that give the three flavours one common (pT, eta) spectrum and equal sums."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.stored import StoredArrays
from robustag.tensors.summary import kinematic_bins


@dataclass(frozen=True)
class WeightMap(StoredArrays):
    """Weight by flavour, pT and eta.

    Attributes
    ----------
    weight : float64 [3 classes, pT bins, eta bins]
    jets : float64 [3 classes, pT bins, eta bins]
        The training jets it was made from, by their weight.
    pt_edges, eta_edges : float64
        Bin edges (GeV; 1).
    """

    called: ClassVar[str] = "weight map"

    weight: np.ndarray
    jets: np.ndarray
    pt_edges: np.ndarray
    eta_edges: np.ndarray

    @classmethod
    def fit(cls, jets: np.ndarray, pt_edges: list[float], eta_edges: list[float]) -> "WeightMap":
        """Weights w_f = (h_b + h_c + h_l) / (3 h_f) * N / (3 N_f), h_f normalised per flavour.

        So weighted, each flavour has the average spectrum and a third of the jets (arXiv:2203.13890, code
        `reweighting`; there the histograms hold all jets, here the training jets only). Bins without jets get
        0, and so do those whose weight is negative, as no factor gives them the average spectrum.

        Raises
        ------
        InputError
            If a flavour has no jets of positive weight.
        """
        jets = np.maximum(jets, 0)
        if not (jets.sum(axis=(1, 2)) > 0).all():
            weights = dict(zip(CLASSES, jets.sum(axis=(1, 2)).tolist(), strict=True))
            raise InputError(
                f"the training jets of a flavour have no weight ({weights}): add samples or events"
            )
        totals = jets.sum(axis=(1, 2), keepdims=True)
        shape = jets / totals
        target = shape.sum(axis=0, keepdims=True) / len(CLASSES)
        ratio = np.divide(target, shape, out=np.zeros_like(shape), where=shape > 0)
        return cls(
            weight=ratio * totals.sum() / (len(CLASSES) * totals),
            jets=jets,
            pt_edges=np.array(pt_edges, dtype=np.float64),
            eta_edges=np.array(eta_edges, dtype=np.float64),
        )

    def __call__(self, label: np.ndarray, pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Weight of each jet, float32 [N]; 0 for jets of no class (label -1), which train nothing."""
        bins = kinematic_bins(pt, eta, self.pt_edges, self.eta_edges)
        return np.where(label >= 0, self.weight[(label, *bins)], 0.0).astype(np.float32)

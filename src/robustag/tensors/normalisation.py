"""The scaling of the inputs to zero mean and unit variance, and back."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustag.checksums import sum_up, summed
from robustag.classes import CLASSES
from robustag.errors import DamageError, InputError
from robustag.failures import refusing_damage
from robustag.features import FeatureTable
from robustag.files import written_whole
from robustag.tensors.summary import Summary, check_sources


@dataclass(frozen=True)
class Normalisation:
    """Scaling of F inputs, fitted on training jets without their missing entries.

    Attributes
    ----------
    names : tuple of str, length F
        Inputs in order.
    mean, sigma : float64 [F]
        Of the existing entries, physical units; sigma is the population standard deviation, 1 where the
        input does not vary.
    missing : float64 [F]
        Value that stands in for a missing entry, physical units.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    sigma: np.ndarray
    missing: np.ndarray

    @classmethod
    def fit(cls, summary: Summary, table: FeatureTable) -> "Normalisation":
        """Fit on the merged summary of all chunks (arXiv:2203.13890: one standard scaler a column).

        Raises
        ------
        InputError
            If a class has no training jet, an input exists for none, or negative weights outweigh the
            positive ones of those that have it.
        """
        if (summary.jets[0] == 0).any():
            counts = dict(zip(CLASSES, summary.jets[0].tolist(), strict=True))
            raise InputError(f"the training jets lack a flavour ({counts}): add samples or events")
        check_sources({"all samples": summary}, table.names)
        # A constant input has a variance of rounding, on either side of zero.
        lost = (summary.count <= 0) | (summary.squares < -1e-9 * summary.count * np.square(summary.mean))
        if lost.any():
            raise InputError(
                f"negative weights of training jets outweigh the positive ones of input "
                f"'{table.names[int(np.argmax(lost))]}': add events or drop the input"
            )
        sigma = np.sqrt(np.maximum(summary.squares, 0.0) / summary.count)
        return cls(
            names=table.names,
            mean=summary.mean,
            sigma=np.where(sigma > 0, sigma, 1.0),
            missing=np.where(np.isnan(table.stand_in), summary.minimum - table.below_minimum, table.stand_in),
        )

    def scale(self, values: np.ndarray) -> np.ndarray:
        """Physical units to scaled units, broadcasting over leading axes."""
        return (values - self.mean) / self.sigma

    def unscale(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled units to physical units, broadcasting over leading axes."""
        return scaled * self.sigma + self.mean

    def save(self, path: str | Path) -> None:
        """Write as JSON, one record an input."""
        records = [
            {"name": name, "mean": mean, "sigma": sigma, "missing": missing}
            for name, mean, sigma, missing in zip(
                self.names, self.mean.tolist(), self.sigma.tolist(), self.missing.tolist(), strict=True
            )
        ]
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(sum_up({"inputs": records}), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Normalisation":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is damaged or something else.
        """
        with refusing_damage(path, "is damaged or no normalisation", "delete it and run again"):
            content = summed(Path(path).read_bytes())
            if content.keys() != {"inputs"}:
                raise DamageError("it has no inputs")
        records = content["inputs"]
        columns = {key: [record[key] for record in records] for key in ("name", "mean", "sigma", "missing")}
        return cls(
            names=tuple(columns["name"]),
            **{key: np.array(columns[key], dtype=np.float64) for key in ("mean", "sigma", "missing")},
        )

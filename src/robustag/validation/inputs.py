"""The inputs of the network beside their published means and widths."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.readers import read_jets
from robustag.validation import FLAVOUR_OF_PROCESS
from robustag.validation.moments import POWERS, moments, power_sums
from robustag.validation.published import PUBLISHED_FRACTIONS, published_acceptance

# The labels that the data set's parton rule gives the jets of a flavour.
_PARTONS = {"b": (5,), "c": (4,), "light": (0, 1, 2, 3)}


def input_sums(path: str | Path, process: str, table: FeatureTable, published: pd.DataFrame) -> pd.DataFrame:
    """Power sums of the inputs of one chunk, in units of the published mean and sigma.

    Of a sample only jets of its own flavour (parton rule) count, and only those that the public data set
    would hold. published: from `load_published`.

    Returns flavour, input, power, sum_w, sum_w2; the jets themselves stand under the input "".

    Raises InputError for a process that supplies no flavour.
    """
    if process not in FLAVOUR_OF_PROCESS:
        known = ", ".join(FLAVOUR_OF_PROCESS)
        raise InputError(f"validation: the process '{process}' supplies no flavour; choose among {known}")
    flavour = FLAVOUR_OF_PROCESS[process]
    jets = read_jets("generated", path, table).labelled(path)
    if "parton_flavour" not in jets.described:
        raise InputError(f"{path} lacks the branch Jet_partonFlavour: generate it again")
    parton = jets.described["parton_flavour"]
    kept = np.isin(parton, _PARTONS[flavour]) & published_acceptance(jets.pt, jets.eta)
    values, weight = jets.values[kept].astype(np.float64), jets.weight[kept].astype(np.float64)
    scaled = (values - published["mean"].to_numpy()) / published["sigma"].to_numpy()
    # One more column that exists for every jet.
    scaled = np.concatenate([np.zeros((len(scaled), 1)), scaled], axis=1)
    sums = power_sums(scaled, weight, np.isfinite(scaled))
    names = ("", *table.names)
    return pd.DataFrame(
        {
            "flavour": flavour,
            "input": np.tile(names, POWERS),
            "power": np.repeat(np.arange(POWERS), len(names)),
            "sum_w": sums[0].ravel(),
            "sum_w2": sums[1].ravel(),
        }
    )


def merge_sums(parts: Iterable[pd.DataFrame]) -> dict[str, np.ndarray]:
    """Power sums float64 [2, 5, 1 + F] of each flavour over all chunks.

    Raises InputError when a flavour has no jets.
    """
    merged = pd.concat(parts).groupby(["flavour", "power", "input"], sort=False)[["sum_w", "sum_w2"]].sum()
    sums = {}
    for flavour in CLASSES:
        if flavour not in merged.index:
            raise InputError(f"validation: no sample supplies {flavour} jets; add one to validation.samples")
        sums[flavour] = merged.loc[flavour].to_numpy().T.reshape(2, POWERS, -1)
        if sums[flavour][0, 0, 0] <= 0.0:
            raise InputError(f"validation: no {flavour} jet passes; give its sample more events")
    return sums


def mix(sums: Mapping[str, np.ndarray], fractions: Mapping[str, float]) -> np.ndarray:
    """Sums of a sample in which every flavour has the given share of the total weight."""
    total = np.zeros(())
    for flavour, fraction in fractions.items():
        scale = fraction / sums[flavour][0, 0, 0]
        total = total + sums[flavour] * np.array([scale, scale**2])[:, None, None]
    return total


def validation_table(
    sums: Mapping[str, np.ndarray], table: FeatureTable, published: pd.DataFrame
) -> pd.DataFrame:
    """Mean and sigma of every input beside the published ones, in the published mixture of flavours.

    Returns one row per input: input, block, place (-1 in a block of the jet itself), variable, unit, group,
    published_mean, mean, mean_error, mean_shift (mean minus published mean, in published sigma),
    mean_shift_error, mean_ratio, published_sigma, sigma, sigma_error, sigma_ratio, sigma_ratio_error, and
    missing, missing_b, missing_c, missing_light, the shares of jets without it.
    """
    mixed = mix(sums, PUBLISHED_FRACTIONS)
    of_mixed = moments(mixed[:, :, 1:])
    mean, sigma = published["mean"].to_numpy(), published["sigma"].to_numpy()
    simulated = mean + sigma * of_mixed.mean
    absent = {flavour: 1.0 - part[0, 0, 1:] / part[0, 0, 0] for flavour, part in sums.items()}
    return pd.DataFrame(
        {
            "input": table.names,
            "block": [each.block for each in table.inputs],
            "place": [-1 if each.place is None else each.place for each in table.inputs],
            "variable": [each.variable.name for each in table.inputs],
            "unit": table.units,
            "group": table.groups,
            "published_mean": mean,
            "mean": simulated,
            "mean_error": sigma * of_mixed.mean_error,
            "mean_ratio": simulated / mean,
            "mean_shift": of_mixed.mean,
            "mean_shift_error": of_mixed.mean_error,
            "published_sigma": sigma,
            "sigma": sigma * of_mixed.sigma,
            "sigma_error": sigma * of_mixed.sigma_error,
            "sigma_ratio": of_mixed.sigma,
            "sigma_ratio_error": of_mixed.sigma_error,
            "missing": 1.0 - mixed[0, 0, 1:] / mixed[0, 0, 0],
            **{f"missing_{flavour}": absent[flavour] for flavour in CLASSES},
        }
    )

"""Scores of an exported tagger for every jet of an ntuple."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from onnxruntime.capi import onnxruntime_pybind11_state

from robustag.checksums import sealed_bytes
from robustag.classes import CLASSES
from robustag.errors import InputError
from robustag.evaluation.discriminators import DISCRIMINATORS, discriminant, probabilities
from robustag.failures import refusing_damage
from robustag.files import write_csv, write_table
from robustag.models import Inputs
from robustag.readers import Reading

_BATCH = 16_384
# What onnxruntime raises: errors that have no base of their own, and one where their text is garbage itself.
_FAULTS: tuple[type[Exception], ...] = (
    UnicodeDecodeError,
    *(
        kind
        for kind in vars(onnxruntime_pybind11_state).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
)


class Tagger:
    """A model that `robustag.deployment.export` wrote.

    Parameters
    ----------
    path : path
        An ``.onnx`` file.

    Attributes
    ----------
    inputs : Inputs
        What it was trained on.

    Raises
    ------
    InputError
        If the file is missing, damaged, or an ONNX file of another origin.
    """

    def __init__(self, path: str | Path) -> None:
        if not Path(path).is_file():
            raise InputError(f"{path} is not a file: give the path of an exported model (.onnx)")
        with _refusing(path):
            self._session = onnxruntime.InferenceSession(
                sealed_bytes(path), providers=["CPUExecutionProvider"], enable_fallback=0
            )
        try:
            card = json.loads(self._session.get_modelmeta().custom_metadata_map["card"])
            self.inputs, names = Inputs.of_card(card), card["features"]
        except (AttributeError, KeyError, TypeError, IndexError, ValueError, InputError) as error:
            raise InputError(
                f"{path} does not say what its inputs are: give a model of this project"
            ) from error
        shapes = [node.shape[1] for node in self._session.get_inputs()]
        if shapes != [len(names)] or names != list(self.inputs.names):
            raise InputError(f"the inputs of {path} are not those its card names: export it again")
        with _refusing(path):
            self(np.zeros((1, len(self.inputs.names))))

    def __call__(self, physical: np.ndarray) -> np.ndarray:
        """Logits float32 [N, 3] of inputs [N, F] in physical units, NaN where missing."""
        batches = [physical[first : first + _BATCH] for first in range(0, len(physical), _BATCH)]
        logits = [self._session.run(["logits"], {"features": b.astype(np.float32)})[0] for b in batches]
        return np.concatenate([np.empty((0, len(CLASSES)), np.float32), *logits])


def _refusing(path: str | Path) -> AbstractContextManager[None]:
    return refusing_damage(path, "is damaged or no ONNX model", "export it again", *_FAULTS)


def score_ntuple(model: str | Path, ntuple: str | Path, reading: Reading | None = None) -> pd.DataFrame:
    """Score every jet of an ntuple.

    Parameters
    ----------
    reading : Reading, optional
        How it is read, and which jets are scored; without it, as one of the built-in generator.

    Returns
    -------
    DataFrame
        One row per jet, in the order of the file: what its reader describes of it, such as run,
        luminosity_block, event and hadron_flavour (15 is a tau); jet (its place in the event), pt, eta, P_b,
        P_c, P_light, and the discriminators BvL, BvC, CvB, CvL.

    Raises
    ------
    InputError
        If a file is missing, damaged or of another kind, or the ntuple lacks a branch the model needs.
    """
    tagger = Tagger(model)
    table, _ = tagger.inputs.known("a tagger reads its inputs from ntuples")
    jets = (reading or Reading()).jets(ntuple, table)
    logits = tagger(jets.values)
    columns = {**jets.described, "jet": jets.index, "pt": jets.pt, "eta": jets.eta}
    columns |= {f"P_{name}": share for name, share in zip(CLASSES, probabilities(logits).T, strict=True)}
    columns |= {which.name: discriminant(logits, which) for which in DISCRIMINATORS}
    return pd.DataFrame(columns)


def write_scores(scores: pd.DataFrame, path: str | Path) -> None:
    """Write a table of scores as parquet or CSV, whichever the name asks for.

    Raises
    ------
    InputError
        If it asks for something else.
    """
    path = Path(path)
    if path.suffix not in (".parquet", ".csv"):
        raise InputError(f"{path} is neither .parquet nor .csv: name the table with one of these")
    if path.suffix == ".parquet":
        write_table(scores, path)
        return
    write_csv(scores, path, digits=9)

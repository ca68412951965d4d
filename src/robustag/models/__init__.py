"""The taggers: networks that return logits, found by name, and their files, free of pickle."""

from robustag.models.dropout import shared_dropout
from robustag.models.features import last_features
from robustag.models.inputs import Inputs
from robustag.models.mode import in_mode
from robustag.models.registry import build_model
from robustag.models.store import check_features, load_model, read_tensors, save_model, write_tensors

__all__ = [
    "Inputs",
    "build_model",
    "check_features",
    "in_mode",
    "last_features",
    "load_model",
    "read_tensors",
    "save_model",
    "shared_dropout",
    "write_tensors",
]

"""The taggers: a registry of networks that return logits, and their files, free of pickle."""

from robustag.models.registry import NETWORKS, build_model, choose, with_options
from robustag.models.store import check_features, load_model, read_tensors, save_model, write_tensors

__all__ = [
    "NETWORKS",
    "build_model",
    "check_features",
    "choose",
    "load_model",
    "read_tensors",
    "save_model",
    "with_options",
    "write_tensors",
]

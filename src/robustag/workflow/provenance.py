"""Where a result comes from."""

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Any

import numpy as np

_PACKAGES = ("robustag", "numpy", "torch", "snakemake")


def provenance(**facts: Any) -> dict:
    """What a stored result says of its origin: package versions, host kind, and the given facts."""
    return {
        **facts,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
        "host": f"{platform.system()} {platform.machine()}",
    }


def data_fingerprint(*parts: Any) -> str:
    """Short hash of JSON-ready values, arrays and tensors on the CPU, in their order."""
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        if hasattr(part, "__array__"):
            array = np.ascontiguousarray(part)
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(array.data)
        else:
            digest.update(json.dumps(part, sort_keys=True).encode())
    return digest.hexdigest()

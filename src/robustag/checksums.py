"""Checksums of what is stored: a bit that a disk or a copy has flipped is found on reading, never used.

They are CRC-32, kept in the file: safetensors has one for each array, so that a part can be read alone;
parquet and ONNX have one of the whole file.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from robustag.errors import DamageError

# What a file that is to carry its own checksum holds once; the digits count as zeros.
_MARK = b"crc32 of this file: "
_ZEROS = b"00000000"
BLANK = (_MARK + _ZEROS).decode()


def checksum(value: Any) -> int:
    """CRC-32 of an array, its type and shape included, or of a JSON-ready value.

    Examples
    --------
    >>> checksum({"a": 1}) == checksum({"a": 2})
    False
    """
    if not isinstance(value, np.ndarray):
        return crc32(json.dumps(value).encode())
    kind = f"{value.dtype.str} {value.shape}".encode()
    return crc32(np.ascontiguousarray(value).data, crc32(kind))


def seal(card: Any, arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Metadata of a safetensors file: a JSON-ready card, the checksums of arrays, and one of both.

    One entry only: safetensors writes several in an order that changes from run to run.
    """
    sums = {name: checksum(array) for name, array in arrays.items()}
    return {"sealed": json.dumps(sum_up({"card": card, "sums": sums}))}


def unseal(metadata: Mapping[str, str] | None) -> tuple[Any, dict[str, int]]:
    """The card and the checksums that `seal` put into metadata.

    Raises
    ------
    DamageError
        If they are missing or changed.
    """
    content = summed((metadata or {}).get("sealed", ""))
    if content.keys() != {"card", "sums"}:
        raise DamageError("it has no checksums")
    return content["card"], content["sums"]


def sum_up(content: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON-ready mapping with its checksum in it, under "checksum"."""
    return {**content, "checksum": checksum(content)}


def summed(text: str | bytes) -> dict[str, Any]:
    """What `sum_up` made and somebody wrote as JSON, without the checksum.

    Raises
    ------
    DamageError
        If it is no JSON, has no checksum or another one.
    """
    try:
        content = json.loads(text)
    except ValueError as error:  # of json, and of text that is no UTF-8
        raise DamageError(f"it is no JSON: {error}") from None
    if not isinstance(content, dict) or "checksum" not in content:
        raise DamageError("it has no checksum")
    if content.pop("checksum") != checksum(content):
        raise DamageError("its checksum is wrong")
    return content


def verify(arrays: Iterable[tuple[str, np.ndarray]], sums: Mapping[str, int]) -> None:
    """Compare arrays with their checksums.

    Raises
    ------
    DamageError
        Naming the first one that differs or has none.
    """
    for name, array in arrays:
        if sums.get(name) != checksum(array):
            raise DamageError(f"the checksum of '{name}' is wrong")


def seal_file(path: Path) -> None:
    """Put the checksum of a file that holds `BLANK` in the place of its zeros."""
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(content.index(_MARK + _ZEROS) + len(_MARK))
        file.write(f"{crc32(content):08x}".encode())


def sealed_bytes(path: str | Path) -> bytes:
    """The content of a file, compared with the checksum in it if it has one.

    Raises
    ------
    DamageError
        If they differ.
    """
    content = Path(path).read_bytes()
    before, mark, after = content.partition(_MARK)
    digits = len(_ZEROS)
    if mark and after[:digits] != f"{crc32(before + mark + _ZEROS + after[digits:]):08x}".encode():
        raise DamageError("its checksum is wrong")
    return content

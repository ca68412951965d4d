"""One small file that stands for the many tensor files of a sample: jobs that read all of them name one."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from robustag.checksums import checksum, unseal
from robustag.errors import DamageError
from robustag.failures import refusing_damage
from robustag.files import written_whole
from robustag.tensors.store import opened_store

SUFFIX = ".index.json"


def write_index(paths: Sequence[str | Path], index: str | Path) -> None:
    """List tensor files, from the folder of the index, with the checksum of what each holds.

    Raises
    ------
    InputError
        If a file is damaged or no tensor store.
    """
    index = Path(index)
    sums = {Path(os.path.relpath(path, index.parent)).as_posix(): _sum(path) for path in paths}
    with written_whole(index) as temporary:
        temporary.write_text(json.dumps(sums, indent=0), encoding="utf-8")


def listed(paths: Iterable[str | Path]) -> list[tuple[str | Path, int | None]]:
    """Tensor files in order, an index replaced by the files it lists, each with its checksum there.

    Raises
    ------
    InputError
        If an index is damaged.
    """
    files: list[tuple[str | Path, int | None]] = []
    for path in paths:
        if not str(path).endswith(SUFFIX):
            files.append((path, None))
            continue
        with refusing_damage(path, "is no index of tensors", "delete it and run again"):
            files += [(Path(path).parent / name, value) for name, value in _read(path).items()]
    return files


def _read(index: str | Path) -> dict[str, int]:
    try:
        sums = json.loads(Path(index).read_bytes())
    except ValueError as error:  # of json, and of text that is no UTF-8
        raise DamageError(str(error)) from None
    if not isinstance(sums, dict) or not all(isinstance(value, int) for value in sums.values()):
        raise DamageError("it lists no files with checksums")
    return sums


def _sum(path: str | Path) -> int:
    with opened_store(path, "np") as store:
        card, sums = unseal(store.metadata())
    return checksum({"card": card, "sums": sums})

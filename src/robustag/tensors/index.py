"""One small file that stands for the many tensor files of a sample: jobs that read all of them name one."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from robustag.checksums import checksum, unseal
from robustag.errors import InputError
from robustag.files import written_whole
from robustag.tensors.store import opened

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
        try:
            sums = json.loads(Path(path).read_text(encoding="utf-8"))
            files += [(Path(path).parent / name, int(value)) for name, value in sums.items()]
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise InputError(f"{path} is no index of tensors ({error}): delete it and run again") from error
    return files


def _sum(path: str | Path) -> int:
    with opened(path, "np") as store:
        card, sums = unseal(store.metadata())
    return checksum({"card": card, "sums": sums})

"""A study in one file, to be read and redrawn elsewhere."""

import tarfile
from collections.abc import Iterable
from pathlib import Path

from robustag.files import written_whole
from robustag.workflow.records import STUDY


def pack(results: str | Path, files: Iterable[str | Path], archive: str | Path) -> list[Path]:
    """Pack files of a study, and the records of how every one was made, under their names from here.

    Times are kept, so that Snakemake finds everything up to date where it is unpacked.

    Parameters
    ----------
    results : path
        Of the study.
    files : iterable of path
        What to pack; what lies outside the results stays out, for it comes with the project.
    archive : path
        ``.tar.gz``.
    """
    results = Path(results)
    # Inside another workflow nobody writes the record of the study.
    records = [*results.glob(STUDY), *(results / "logs").rglob("*.json")]
    packed = sorted({path for path in map(Path, files) if path.is_relative_to(results)} | {*records})
    with written_whole(archive) as temporary, tarfile.open(temporary, "w:gz") as tar:
        for path in packed:
            tar.add(path)
    return packed

"""Files that are whole: nothing half-written stands under a final name, no damaged table is used."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from robustag.checksums import BLANK, seal_file, sealed_bytes
from robustag.errors import InputError
from robustag.failures import refusing_damage

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; move it there when the block succeeds, remove it otherwise.

    What an earlier process that was killed while it wrote this file left beside it is removed first. The file
    may be read by whom the umask allows, whatever the library that writes it thinks of that.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with written_whole(folder / "table.csv") as temporary:
    ...     _ = temporary.write_text("a,b")
    >>> [file.name for file in folder.iterdir()]
    ['table.csv']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: writers that look at it (ROOT, matplotlib) keep working.
    for left in path.parent.glob(f".{escape(path.stem)}.*.partial{escape(path.suffix)}"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        # safetensors puts a file of its own there that is its owner's alone.
        temporary.chmod(mode)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def written_folder(path: str | Path) -> Iterator[Path]:
    """The same for a folder that is not there yet, or empty.

    Raises
    ------
    InputError
        If something is in it.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(f"{path} is there: give a new folder, or remove it first")
    temporary = path.absolute().with_name(f".{path.absolute().name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_table(table: "pd.DataFrame", path: str | Path) -> None:
    """Write a table as parquet, without its index, with the checksum that `read_table` compares."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.Table.from_pandas(table, preserve_index=False)
    with written_whole(path) as temporary:
        pq.write_table(content.replace_schema_metadata({**content.schema.metadata, "seal": BLANK}), temporary)
        seal_file(temporary)


def write_csv(table: "pd.DataFrame", path: str | Path, digits: int = 6) -> None:
    """Write a table for people, with so many significant digits; no job reads it."""
    with written_whole(path) as temporary:
        table.to_csv(temporary, index=False, float_format=f"%.{digits}g", lineterminator="\n")


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Read a parquet table, or some of its columns.

    Raises
    ------
    InputError
        If the file is missing, damaged or no parquet table, or a column is not in it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with refusing_damage(path, "is damaged or no table", "delete it and run again", pa.ArrowException):
        file = pq.ParquetFile(pa.BufferReader(sealed_bytes(path)))
        present = file.schema_arrow.names
        if absent := [column for column in columns or () if column not in present]:
            raise InputError(
                f"{path}: column {', '.join(absent)} is missing; the table has {', '.join(present)}: "
                "delete it and run again"
            )
        return file.read(columns).to_pandas()

"""Writing files so that nothing half-written is ever found under a final name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; move it there when the block succeeds, remove it otherwise.

    What an earlier process that was killed while it wrote this file left beside it is removed first.

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
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(table: "pd.DataFrame", path: str | Path) -> None:
    """Write a table as parquet, without its index."""
    with written_whole(path) as temporary:
        table.to_parquet(temporary, index=False)

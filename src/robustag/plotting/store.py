"""Tables in, figures out: checked reading, and writing that gives the same bytes every time."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from robustag.errors import InputError
from robustag.files import written_whole
from robustag.plotting.style import house_style

PNG_DPI = 110
METRIC_COLUMNS = [
    *("model", "seed", "kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
    *("value", "replicates"),
]


def read_columns(path: str | Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read the named columns of a parquet table.

    Raises:
        InputError: the file is missing or is no parquet table, or a column is not in it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = list(columns)
    try:
        present = pq.read_schema(path).names
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; run the rule that makes it first") from None
    except pa.ArrowInvalid:
        raise InputError(f"{path}: not a parquet table; delete it and run its rule again") from None
    absent = [column for column in wanted if column not in present]
    if absent:
        raise InputError(f"{path}: column {', '.join(absent)} is missing; the table has {', '.join(present)}")
    return pd.read_parquet(path, columns=wanted)


def save_figure(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure as PDF and PNG: no dates inside, and each file is complete or not there at all."""
    with house_style():
        with written_whole(pdf) as path:
            figure.savefig(path, metadata={"CreationDate": None, "Creator": None, "Producer": None})
        pixels = BytesIO()
        figure.savefig(pixels, format="png", dpi=PNG_DPI)
        with written_whole(png) as path, Image.open(pixels) as image:
            # A palette is a third of the size, and a chart has few colours.
            image.convert("RGB").quantize(256).save(path, optimize=True)


def save_shown(table: pd.DataFrame, csv: str | Path) -> None:
    """Write the numbers that a figure shows, with six significant digits."""
    with written_whole(csv) as path:
        table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")

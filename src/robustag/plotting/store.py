"""Writing figures and the numbers they show, with the same bytes every time."""

from io import BytesIO
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from robustag.files import written_whole
from robustag.plotting.style import house_style

PNG_DPI = 110


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

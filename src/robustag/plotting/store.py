"""Writing figures and the numbers they show, with the same bytes every time."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from robustag.files import write_csv, written_whole
from robustag.plotting.style import house_style

PNG_DPI = 110


def save_figure(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure as PDF and PNG: no dates inside, and each file is complete or not there at all."""
    with house_style():
        with written_whole(pdf) as path:
            figure.savefig(path, metadata={"CreationDate": None, "Creator": None, "Producer": None})
        # The layout stays as it was found for the PDF: finding it takes as long as drawing.
        figure.set_layout_engine("none")
        figure.set_dpi(PNG_DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        with written_whole(png) as path:
            # A palette is a third of the size, and a chart has few colours.
            image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
            image.quantize(256).save(path, dpi=(PNG_DPI, PNG_DPI), optimize=True)


def save_shown(table: pd.DataFrame, csv: str | Path) -> None:
    """Write the numbers that a figure shows."""
    write_csv(table, csv)

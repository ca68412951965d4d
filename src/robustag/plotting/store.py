"""Writing figures and the numbers they show, with the same bytes every time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from PIL import Image

from robustag.files import write_csv, written_whole
from robustag.plotting.style import house_style

Name = TypeVar("Name")

PNG_DPI = 110


@dataclass(frozen=True)
class Output:
    """The files of one figure: the drawing, twice, and the numbers that it shows."""

    pdf: str | Path
    png: str | Path
    csv: str | Path

    @classmethod
    def of(cls, made: Any) -> Self:
        """Those of a rule that draws one figure, from its outputs ``pdf``, ``png`` and ``csv``."""
        return cls(made.pdf, made.png, made.csv)

    def save(self, figure: Figure, table: pd.DataFrame) -> None:
        """Write the figure and the table that it shows; each file is complete or not there at all."""
        _save_figure(figure, self.pdf, self.png)
        write_csv(table, self.csv)


def each(names: Iterable[Name], made: Any) -> Iterator[tuple[Name, Output]]:
    """Every name with the files of its figure, of a rule that draws one figure per name.

    Parameters
    ----------
    names : iterable
        What the figures are of, in the order in which the rule lists their files.
    made
        The rule's outputs: ``pdf``, ``png`` and ``csv``, each a list as long as `names`.

    Raises
    ------
    ValueError
        If there are more or fewer files than names.
    """
    for name, *files in zip(names, made.pdf, made.png, made.csv, strict=True):
        yield name, Output(*files)


def _save_figure(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure as PDF and PNG, without a date in either."""
    with house_style():
        figure.set_dpi(PNG_DPI)
        canvas = FigureCanvasAgg(figure)
        # The layout is found once, for both, with the letters of the PNG, which are the wider ones. Finding
        # it takes as long as drawing.
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")
        canvas.draw()
        with written_whole(png) as path:
            # A palette is a third of the size, and a chart has few colours.
            image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
            image.quantize(256).save(path, dpi=(PNG_DPI, PNG_DPI), optimize=True)
        with written_whole(pdf) as path:
            # Not by `savefig`, which draws a figure with a layout twice.
            FigureCanvasPdf(figure).print_pdf(
                path, metadata={"CreationDate": None, "Creator": None, "Producer": None}
            )

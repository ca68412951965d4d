"""One look for every figure: a colour is a model, a line style is a perturbation.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color), which stay apart for colour-blind
readers: warm for nominal trainings, cool for adversarial ones, one pair of shades an arm.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Arguments = ParamSpec("Arguments")

ROLES = ("nominal", "adversarial")
ROLE_COLOURS = {
    "nominal": ("#D55E00", "#E69F00", "#CC79A7"),
    "adversarial": ("#0072B2", "#56B4E9", "#009E73"),
}
ARM_MARKERS = ("o", "s", "^")
FLAVOUR_COLOURS = {"b": "#882255", "c": "#009E73", "light": "#777777"}
FLAVOUR_LABELS = {"b": "b jets", "c": "c jets", "light": "light jets"}
PERTURBATION_LINES: dict[str, Any] = {
    "raw": "-",
    "fgsm": (0, (5, 2)),
    "fgsm_capped": (0, (3, 1, 1, 1)),
    "noise": (0, (1, 1.2)),
    "shift_up": (0, (6, 1.5, 1, 1.5)),
    "shift_down": (0, (4, 1.5, 1, 1.5, 1, 1.5)),
}
OTHER_LINE = (0, (3, 1.5))
PERTURBATION_LABELS = {
    "raw": "raw",
    "fgsm": "FGSM",
    "fgsm_capped": "FGSM with relative cap",
    "noise": "Gaussian noise",
    "shift_up": "coherent shift up",
    "shift_down": "coherent shift down",
    "ngm": "NGM",
    "pgd": "PGD",
    "apgd_margin": "APGD on the margin",
    "deepfool": "DeepFool",
    "pip_pgd": "PIP-PGD",
    "mahalanobis": "Mahalanobis PGD",
    "transfer": "transferred PGD",
}
DISCRIMINATOR_AXES = {
    "BvL": ("b-jet efficiency", "light-jet mis-tag rate"),
    "BvC": ("b-jet efficiency", "c-jet mis-tag rate"),
    "CvB": ("c-jet efficiency", "b-jet mis-tag rate"),
    "CvL": ("c-jet efficiency", "light-jet mis-tag rate"),
}
EPSILON_LABEL = r"$\varepsilon$ [units of $\sigma$]"

_OURS = {
    "figure.constrained_layout.use": True,
    # The second family fills in what the first lacks, such as Greek letters in labels.
    "font.sans-serif": ["TeX Gyre Heros", "DejaVu Sans"],
    "font.size": 13,
    "axes.titlesize": 12.5,
    "axes.linewidth": 1.2,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "legend.fontsize": 11,
    "legend.handlelength": 2.4,
    "xtick.major.size": 7,
    "xtick.minor.size": 3.5,
    "ytick.major.size": 7,
    "ytick.minor.size": 3.5,
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Model:
    """A trained model in a figure: its name in the tables, its arm and role, and how it looks."""

    name: str
    arm: str
    role: str
    colour: str
    marker: str


def paired_models(pairs: Sequence[Mapping[str, str]]) -> list[Model]:
    """The models of the configured pairs (``label``, ``nominal``, ``adversarial``), nominal first in each."""
    return [
        Model(
            name=pair[role],
            arm=pair["label"],
            role=role,
            colour=ROLE_COLOURS[role][index % len(ROLE_COLOURS[role])],
            marker=ARM_MARKERS[index % len(ARM_MARKERS)],
        )
        for index, pair in enumerate(pairs)
        for role in ROLES
    ]


def arm_models(pairs: Sequence[Mapping[str, str]], arm: str) -> list[Model]:
    """The two models of one arm, looking as they do beside all others."""
    return [model for model in paired_models(pairs) if model.arm == arm]


def perturbation_label(name: str) -> str:
    """A name from the tables as a reader would write it."""
    return PERTURBATION_LABELS.get(name, name.replace("_", " "))


def perturbation_line(name: str) -> Any:
    """The line style that stands for a perturbation."""
    return PERTURBATION_LINES.get(name, OTHER_LINE)


def epsilon_colours(epsilons: Iterable[float]) -> dict[float, Any]:
    """A colour a strength where curves of one model are told apart: black for raw, then dark to light."""
    positive = sorted({epsilon for epsilon in epsilons if epsilon > 0})
    ramp = mpl.colormaps["plasma"](np.linspace(0.1, 0.85, len(positive)))
    return {0.0: "black", **dict(zip(positive, ramp, strict=True))}


@contextmanager
def house_style() -> Iterator[None]:
    """Drawing inside this context uses mplhep's ROOT look, at a size that suits a page."""
    with mpl.rc_context({**mplhep.style.ROOT, **_OURS}):
        yield


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Let a drawing function run in the house style."""

    @wraps(draw)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with house_style():
            return draw(*args, **kwargs)

    return drawn


def stamp(first: Axes, last: Axes, sample: str) -> None:
    """Write "Simulation" over the first panel and what was simulated over the last."""
    first.set_title("Simulation", loc="left", fontweight="bold", fontstyle="italic")
    last.set_title(sample, loc="right")


def name_row(first: Axes, text: str, distance: float) -> None:
    """Write what a row of panels shows left of its first one, `distance` of its width away."""
    first.annotate(
        *(text, (-distance, 0.5)),
        xycoords="axes fraction",
        rotation=90,
        va="center",
        ha="center",
        fontweight="bold",
    )


def symmetric_epsilon_axis(axes: Axes, epsilons: np.ndarray) -> None:
    """A symmetric-log epsilon axis with a tick at every measured value, zero among them."""
    positive = np.sort(epsilons[epsilons > 0])
    axes.set_xscale("symlog", linthresh=positive[0], linscale=0.6)
    ticks = np.concatenate([[0.0], positive])
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes.set_xlim(-0.25 * positive[0], 1.15 * positive[-1])
    axes.set_xlabel(EPSILON_LABEL)

"""One look for every figure: a colour is a model, a line style is a perturbation.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color), which stay apart for colour-blind
readers, and more of the kind by Paul Tol: warm for nominal trainings, cool for adversarial ones, one shade
a model.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from robustag.attacks.catalogue import ATTACKS
from robustag.plotting.options import Pair

Arguments = ParamSpec("Arguments")

ROLES = ("nominal", "adversarial")
ROLE_COLOURS = {
    "nominal": ("#D55E00", "#E69F00", "#CC79A7", "#882255", "#8C510A", "#999933"),
    "adversarial": ("#0072B2", "#56B4E9", "#009E73", "#332288", "#44AA99", "#117733"),
}
MARKERS = ("o", "s", "^", "D", "v", "P")
FLAVOUR_COLOURS = {"b": "#882255", "c": "#009E73", "light": "#777777"}
FLAVOUR_LABELS = {"b": "b jets", "c": "c jets", "light": "light jets"}
# Of what is no attack of the catalogue by its name.
PERTURBATION_LINES: dict[str, Any] = {
    "raw": "-",
    "fgsm_capped": (0, (3, 1, 1, 1)),
    "fgsm_published": (0, (5, 1, 1, 1, 1, 1)),
    "shift_up": (0, (6, 1.5, 1, 1.5)),
    "shift_down": (0, (4, 1.5, 1, 1.5, 1, 1.5)),
}
OTHER_LINE = (0, (3, 1.5))
DISCRIMINATOR_AXES = {
    "BvL": ("b-jet efficiency", "light-jet mis-tag rate"),
    "BvC": ("b-jet efficiency", "c-jet mis-tag rate"),
    "CvB": ("c-jet efficiency", "b-jet mis-tag rate"),
    "CvL": ("c-jet efficiency", "light-jet mis-tag rate"),
}
TRUSTED_COUNT = 20
"""Raw jets that a bin needs for its point to be drawn; the table has that of every bin."""
EPSILON_LABEL = r"$\varepsilon$ [units of $\sigma$]"

_OURS: dict[Any, Any] = {
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
    """A trained model in a figure: its name in the tables, its arms and role there, and how it looks.

    An arm is a pair of the configuration; `nominals` are the nominal models of its arms, in their order.
    """

    name: str
    arms: tuple[str, ...]
    nominals: tuple[str, ...]
    role: str
    colour: str
    marker: str

    @property
    def arm(self) -> str:
        """The labels of its arms in one text."""
        return " / ".join(self.arms)

    @property
    def title(self) -> str:
        """What a legend calls it: by its arm, or by its name if several arms share it."""
        words = self.arm if len(self.arms) == 1 else self.name.replace("_", " ")
        return f"{words}, {self.role} training"


def paired_models(pairs: Sequence[Pair]) -> list[Model]:
    """The models of the configured pairs, nominal first in each.

    A model that several pairs share comes once, with the role that it has in the first of them.
    """
    roles: dict[str, str] = {}
    for pair in pairs:
        for role in ROLES:
            roles.setdefault(pair.model(role), role)
    models: list[Model] = []
    for name, role in roles.items():
        own = [pair for pair in pairs if name in (pair.nominal, pair.adversarial)]
        number = sum(model.role == role for model in models)
        turns, shade = divmod(number, len(ROLE_COLOURS[role]))
        models.append(
            Model(
                name=name,
                arms=tuple(pair.label for pair in own),
                nominals=tuple(pair.nominal for pair in own),
                role=role,
                colour=ROLE_COLOURS[role][shade],
                # Where colours come again, they come with other markers.
                marker=MARKERS[(number + turns) % len(MARKERS)],
            )
        )
    return models


def arm_models(pairs: Sequence[Pair], arm: str) -> list[Model]:
    """The nominal and the adversarial model of one arm, looking as they do beside all others."""
    pair = next(pair for pair in pairs if pair.label == arm)
    looks = {model.name: model for model in paired_models(pairs)}
    return [
        replace(looks[pair.model(role)], arms=(arm,), nominals=(pair.nominal,), role=role) for role in ROLES
    ]


def perturbation_line(name: str) -> Any:
    """The line style that stands for a perturbation."""
    return PERTURBATION_LINES.get(name) or (ATTACKS[name].line if name in ATTACKS else OTHER_LINE)


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


def stamp(first: Axes, last: Axes, sample: str, what: str = "Simulation") -> None:
    """Write whose jets are shown over the first panel, and what was simulated over the last."""
    first.set_title(what, loc="left", fontweight="bold", fontstyle="italic")
    last.set_title(sample, loc="right")


def legend_below(figure: Figure, handles: Sequence[Any], columns: int, **options: Any) -> None:
    """A legend under all panels, in at most so many columns: in as many as the figure is wide enough for."""
    names = [handle.get_label() for handle in handles]
    size = mpl.rcParams["legend.fontsize"]
    widest = max((TextPath((0, 0), name, size=size).get_extents().width for name in names), default=0.0)
    # Beside its name an entry has its line and the gaps around both, in units of the font's size.
    entry = widest + 6.0 * size
    columns = max(1, min(columns, int(72 * figure.get_figwidth() // entry)))
    figure.legend(handles, names, loc="outside lower center", ncols=columns, **options)


def model_handles(models: Iterable[Model]) -> list[Line2D]:
    """Legend entries of models."""
    return [Line2D([], [], color=model.colour, marker=model.marker, label=model.title) for model in models]


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


def without_effect(axes: Axes) -> None:
    """Say in a panel that there is nothing to show of a calibration."""
    text = "no source has a\nsignificant effect"
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center")
    axes.set_xticks([])

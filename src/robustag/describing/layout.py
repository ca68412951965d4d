"""Where the jets of a file seem to be: kinematics, event, flavour, inputs, elements. All are guesses."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from robustag.describing.survey import Column

_PT = ("Jet_pt", "jet_pt", "jets_pt", "pt_btagJes", "pt", "jetPt", "jet_Pt", "Jet_Pt")
_PT_LIKE = re.compile(r"^(\w*jets?)[_.]?pt$|^jets?_?pt_\w+$", re.IGNORECASE)
_EVENTS = (
    ("run", "luminosityBlock", "event"),
    ("runNumber", "eventNumber"),
    ("mcChannelNumber", "eventNumber"),
    ("run", "event"),
    ("eventNumber",),
    ("event_no",),
    ("event",),
)
_PLACES = ("jet_no", "place", "jet_index", "jetIdx", "jetIndex", "jet_idx")
_WEIGHTS = ("genWeight", "mcEventWeight", "event_weight", "weight")
_FLAVOUR = re.compile(r"hadron\w*(flav|truthlabel)|truth\w*(flav|label)|flav|^label$", re.IGNORECASE)
_FLAGS = {
    "b": ("isB", "isBB", "isGBB", "isLeptonicB", "isLeptonicB_C"),
    "c": ("isC", "isCC", "isGCC"),
    "light": ("isUD", "isS", "isUDS", "isG"),
}
# Known of simulated jets alone, outputs of taggers, links to other objects: no inputs of a tagger.
_TRUTH = re.compile(r"gen|truth|^mc|parton|hadron|flav|matched|label|pdgid", re.IGNORECASE)
_OUTPUT = re.compile(
    r"btag|bprob|pnet|upart|deepflav|proba|score|^d[lr]\w*_p|_p[bcu]$|puid|qgl", re.IGNORECASE
)
_LINK = re.compile(r"idx|index|cleanmask|barcode|^n?event|jetid", re.IGNORECASE)
_LINKS_TO_JETS = re.compile(r"_?jet_?(idx|index)?$", re.IGNORECASE)
# Half of the jets above it, in the unit of the file, are not measured in GeV.
_MEV = 2000.0
_OTHER_JETS = re.compile(r"fat|sub|\w*ak(8|10|15)", re.IGNORECASE)
_MOST_OWN, _MOST_VARIABLES, _MOST_PLACES = 40, 20, 10


@dataclass
class Elements:
    """Columns of elements of jets that belong together.

    Attributes
    ----------
    name : str
        What a block of the feature table would be called.
    columns : dict of str to Column
        By the name of the column, or its pattern with ``{place}``.
    count : int
        Elements of a jet that a network might see: nine jets of ten have no more.
    jet_index : str or None
        Column with the place of the jet of each element.
    """

    name: str
    columns: dict[str, Column]
    count: int
    jet_index: str | None = None


@dataclass
class Layout:
    """What a file seems to hold.

    Attributes
    ----------
    options : mapping
        Of a sample of format columns; without ``pt`` or ``eta``, no jets were found.
    labels : mapping or None
        Which flavour a jet has.
    own : list of Column
        Numbers of jets that may be inputs.
    elements : list of Elements
    energy : str
        Unit of pT, by its size.
    notes : list of str
        What a reader of the guesses should know.
    """

    options: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, Any] | None = None
    own: list[Column] = field(default_factory=list)
    elements: list[Elements] = field(default_factory=list)
    energy: str = "GeV"
    notes: list[str] = field(default_factory=list)

    @property
    def has_jets(self) -> bool:
        """Whether the kinematics of jets were found."""
        return {"pt", "eta"} <= self.options.keys()


def guessed(columns: Mapping[str, Column], tree: str | None = None) -> Layout:
    """Guess the layout of a file from what was seen of its columns; tree: the one that was asked for."""
    layout = Layout()
    names = [*_PT, *(name for name in columns if _PT_LIKE.match(name))]
    pt = next((n for n in names if n in columns and columns[n].depth < 3 and _eta(n, columns)), None)
    if pt is None:
        layout.notes.append(
            "no columns look like pT and pseudorapidity of jets: say pt and eta of the sample"
        )
        return layout
    depth = columns[pt].depth
    layout.options = {"pt": pt, "eta": _eta(pt, columns)}
    used = {pt, layout.options["eta"]}
    if columns[pt].quantiles(0.5)[0] > _MEV:
        layout.energy = "MeV"
        layout.notes.append(f"{pt} looks like MeV: ranges and bins of pT are in the unit of the file")
    event = next((each for each in _EVENTS if all(_tells_events(columns.get(n)) for n in each)), None)
    if event:
        layout.options["event"] = list(event)
    else:
        layout.notes.append("nothing names events: each entry will count as one of its own")
    for key, known in (("index", _PLACES if depth == 1 else ()), ("weight", _WEIGHTS)):
        if name := next((n for n in known if n in columns and columns[n].depth == 1), None):
            layout.options[key] = name
    if tree is not None:
        layout.options["tree"] = tree
    used |= {name for each in _EVENTS for name in each} | {*_PLACES, *_WEIGHTS}
    prefix = pt[: -len("pt")] if depth == 2 and pt.lower().endswith("pt") else ""
    jets = {n: c for n, c in columns.items() if c.depth == depth and n.startswith(prefix) and n not in used}
    layout.labels = _labels(jets, columns, layout)
    flags = {name for names in (layout.labels or {}).values() for name in names if layout.labels is not None}
    inputs = {
        n: c
        for n, c in jets.items()
        if c.kind != "other" and not _excluded(n.removeprefix(prefix)) and n not in flags and _varies(c)
    }
    placed = _placed(inputs)
    inside = {name for each in placed for name in _columns_of(each, inputs)}
    layout.own = [columns[pt], columns[layout.options["eta"]]]
    layout.own += [c for n, c in inputs.items() if n not in inside][: _MOST_OWN - 2]
    layout.elements = [*placed, *_listed(columns, depth, prefix), *_linked(columns, columns[pt])]
    if outputs := [n for n in jets if _OUTPUT.search(n.removesuffix("_btagJes"))]:
        layout.notes.append(f"left out as outputs of other taggers: {_some(outputs)}")
    return layout


def _eta(pt: str, columns: Mapping[str, Column]) -> str | None:
    """The pseudorapidity beside a pT."""
    stem = re.sub("pt(_btagJes)?$", "", pt, flags=re.IGNORECASE)
    named = [
        pt.replace("pt", "eta"),
        pt.replace("Pt", "Eta"),
        *(f"{stem}{n}" for n in ("eta", "Eta", "eta_btagJes", "absEta")),
    ]
    return next(
        (n for n in named if n != pt and n in columns and columns[n].depth == columns[pt].depth), None
    )


def _tells_events(column: Column | None) -> bool:
    return column is not None and column.depth == 1 and column.kind != "other"


def _labels(
    jets: Mapping[str, Column], columns: Mapping[str, Column], layout: Layout
) -> dict[str, Any] | None:
    """Flavours by flags, or by a column that holds 5 and 4."""
    flags = {name: [flag for flag in known if flag in columns] for name, known in _FLAGS.items()}
    if all(flags.values()):
        return flags
    named = [n for n in jets if _FLAVOUR.search(n)]
    for name in sorted(named, key=lambda n: ("hadron" not in n.lower(), "parton" in n.lower())):
        values = {int(value) for value in np.unique(jets[name].values) if value == int(value)}
        if values & {4, 5} and len(values) < 30:
            light = sorted(
                values & {0, 1, 2, 3, 21, -1, -2, -3} if "parton" in name.lower() else values & {0}
            )
            return {"branch": name, "b": [5], "c": [4], "light": light or [0]}
        if values and values <= {0, 1, 2, 3}:
            layout.notes.append(
                f"{name} holds {sorted(values)}: say in labels which of them are b, c and light"
            )
    layout.notes.append("no column looks like the flavour of jets: say labels, or use the file as data")
    return None


def _excluded(name: str) -> bool:
    plain = name.removesuffix("_btagJes")  # ATLAS's name of a calibration
    return any(pattern.search(plain) for pattern in (_TRUTH, _OUTPUT, _LINK))


def _varies(column: Column) -> bool:
    return len(column.values) > 0 and bool((column.values != column.values[0]).any())


def _placed(inputs: Mapping[str, Column]) -> list[Elements]:
    """Blocks of columns whose names count from 0, such as track0_d0, track1_d0."""
    series: dict[tuple[str, str], dict[int, str]] = {}
    for name in inputs:
        for match in re.finditer(r"\d+", name):
            key = (name[: match.start()], name[match.end() :])
            series.setdefault(key, {})[int(match[0])] = name
    blocks: dict[tuple[int, str], dict[str, Column]] = {}
    for (before, after), places in series.items():
        if len(places) > 1 and sorted(places) == list(range(len(places))):
            # track{place}_d0 is a variable of track; trackPtRel_{place} of what the first small letters say.
            stem = (
                before.rstrip("_")
                if after
                else re.split(r"(?<=[a-z])(?=[A-Z])", before.rstrip("_").rsplit("_", 1)[-1])[0]
            )
            first = Column.joined([inputs[name] for _, name in sorted(places.items())])
            pattern = f"{before}{{place}}{after}"
            blocks.setdefault((len(places), stem), {})[pattern] = first
    return [
        Elements(_name(stem), dict(list(found.items())[:_MOST_VARIABLES]), count)
        for (count, stem), found in blocks.items()
    ]


def _columns_of(elements: Elements, inputs: Mapping[str, Column]) -> list[str]:
    places = range(elements.count)
    return [
        n
        for pattern in elements.columns
        for n in (pattern.replace("{place}", str(p)) for p in places)
        if n in inputs
    ]


def _listed(columns: Mapping[str, Column], depth: int, prefix: str) -> list[Elements]:
    """Blocks of columns that have a list for each jet: those of one beginning, and as long."""
    blocks: dict[tuple[str, int], dict[str, Column]] = {}
    for name, column in columns.items():
        if (
            column.depth == depth + 1
            and column.kind != "other"
            and not _excluded(name.removeprefix(prefix))
            and _varies(column)
        ):
            stem = re.split(r"[_.]", name.removeprefix(prefix))
            stem_name = stem[0] if len(stem) > 1 else ""
            blocks.setdefault((stem_name, int(column.counts.sum())), {})[name] = column
    return [
        Elements(
            _name(stem or "element"),
            dict(list(found.items())[:_MOST_VARIABLES]),
            _usual(next(iter(found.values())).counts),
        )
        for (stem, _), found in blocks.items()
    ]


def _linked(columns: Mapping[str, Column], pt: Column) -> list[Elements]:
    """Blocks of columns that have a list for each event and say which jet of it an element belongs to."""
    found = []
    for name, column in columns.items():
        stem = re.split(r"[_.]", name)[0]
        rest = name[len(stem) + 1 :]
        integer = column.is_integer and column.depth == 2 and pt.depth == 2
        if not (integer and rest and _LINKS_TO_JETS.fullmatch(rest)) or not stem or not len(column.values):
            continue
        if _OTHER_JETS.match(stem):
            continue
        most = pt.counts.max(initial=0)
        if column.values.max() >= most or (column.values >= 0).mean() < 0.5:
            continue
        same = {
            n: c
            for n, c in columns.items()
            if re.match(rf"{stem}[_.]", n) and c.depth == 2 and n != name and c.kind != "other"
            and not _excluded(n[len(stem) :]) and _varies(c)
        }  # fmt: skip
        if same:
            per_jet = (column.values >= 0).sum() / max(1, int(pt.counts.sum()))
            found.append(
                Elements(
                    _name(stem),
                    dict(list(same.items())[:_MOST_VARIABLES]),
                    min(_MOST_PLACES, max(1, round(1.5 * per_jet))),
                    name,
                )
            )
    return found


def _usual(counts: np.ndarray) -> int:
    """How many elements nine jets of ten have, at most `_MOST_PLACES`."""
    return int(min(_MOST_PLACES, max(1, np.quantile(counts, 0.9)))) if len(counts) else 1


def _name(text: str) -> str:
    """A name of a block: small letters, digits and underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return plain if plain[:1].isalpha() else "element"


def _some(names: Iterable[str], most: int = 4) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

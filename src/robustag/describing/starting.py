"""A feature table and a preset to start from, written from guesses."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from robustag.describing.layout import Layout
from robustag.describing.survey import ENTRIES, Column
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.files import written_whole
from robustag.readers import JetRecords, read_jets

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Below this many jets a study wants smaller steps than the default one.
_FEW = 50_000
_TRACKED = 2.5
_SMALL: dict[str, Any] = {
    "optimiser": {"batch_size": 128, "epochs": 20},
    "training": {"monitored": 256},
}
_SMALL_SURFACE: dict[str, Any] = {
    "jets": 100,
    "average": {"jets": 10, "points": 9},
    "weights": {"jets": 50, "points": 9},
}


@dataclass(frozen=True)
class Start:
    """What a study of a file may start from.

    Attributes
    ----------
    name : str
        Of the study and its sample.
    sample : mapping
        As a configuration has it.
    features : str
        Path of the feature table, as the preset names it.
    table : FeatureTable
        That table.
    new : bool
        Whether it was guessed, and is to be written there.
    """

    name: str
    sample: dict[str, Any]
    features: str
    table: FeatureTable
    new: bool

    @classmethod
    def of(
        cls,
        file: Path,
        name: str | None,
        form: str,
        layout: Layout,
        shipped: tuple[str, FeatureTable] | None,
        out: Path,
    ) -> "Start":
        """Guess table and sample of a file of a format.

        Parameters
        ----------
        name : str or None
            Without one, that of the file.
        shipped : (str, FeatureTable) or None
            Path and content of a table of that format that comes with the project.
        out : path
            Folder that they are to be written to.

        Raises
        ------
        InputError
            If the file has no jets that can be told.
        """
        if not layout.has_jets and not shipped:
            raise InputError(f"{file}: {layout.notes[0]}, and there is nothing to start from")
        name = plain_name(file.stem if name is None else name)
        sample: dict[str, Any] = {"format": form, "files": [str(file)]}
        if form == "columns":
            sample |= layout.options
            if layout.labels:
                sample["labels"] = layout.labels
        if shipped:
            return cls(name, sample, *shipped, new=False)
        table = FeatureTable.from_document(table_of(name, layout))
        return cls(name, sample, str(out / f"features/{name}.yaml"), table, new=True)

    def write(self, file: Path, out: Path, entries: int) -> list[Path]:
        """Write the preset, and the table if it is a new one; returns what was written.

        Parameters
        ----------
        entries : int
            How many the file has; some of its jets are read, as a study reads them.

        Raises
        ------
        InputError
            If one of the files is there already, or the jets cannot be read.
        """
        looked = min(entries, ENTRIES)
        jets = self._read(file, looked)
        if not len(jets):
            raise InputError(
                f"{file} holds no jets in its first {looked} entries: give another one to start from"
            )
        total = len(jets) * entries // looked
        preset = out / f"{self.name}.yaml"
        texts = {preset: _preset_text(self, file, jets, total, preset)}
        if self.new:
            texts[Path(self.features)] = _table_text(self.table.document, file)
        for path in texts:
            if path.exists():
                raise InputError(f"{path} is there already: choose another --name or --out, or move it away")
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
        return list(texts)

    def _read(self, file: Path, entries: int) -> JetRecords:
        """The jets of the first entries of the file as a study reads them."""
        own = ("format", "files", "labels")
        options = {key: value for key, value in self.sample.items() if key not in own}
        read = ((0, entries), options, self.sample.get("labels"))
        return read_jets(self.sample["format"], file, self.table, *read)


def plain_name(text: str) -> str:
    """A name of small letters, digits and underscores, as studies and blocks have them.

    Examples
    --------
    >>> plain_name("TTbar-2018.v2"), plain_name("2018")
    ('ttbar_2018_v2', 'jets_2018')
    """
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"jets_{plain}".rstrip("_")


def table_of(name: str, layout: Layout) -> dict[str, Any]:
    """A feature table of everything that may be an input."""
    roles = dict(zip((layout.options["pt"], layout.options["eta"]), ("pt", "eta"), strict=True))
    blocks = [_block("jet", {c.name: c for c in layout.own}, roles, layout.energy)]
    for elements in layout.elements:
        block = _block(
            _fresh(elements.name, [each["name"] for each in blocks]), elements.columns, {}, layout.energy
        )
        block |= {"count": elements.count}
        if elements.jet_index:
            block["jet_index"] = elements.jet_index
        blocks.append(block)
    order = ("name", "count", "branch", "jet_index", "variables")
    return {
        "data_set": name,
        "blocks": [{key: block[key] for key in order if key in block} for block in blocks],
    }


def _block(name: str, columns: Mapping[str, Column], roles: Mapping[str, str], energy: str) -> dict[str, Any]:
    """A block; what the names of all its columns begin with stands once, in its `branch`."""
    parts = [re.split(r"(?<=[_.])(?!\{)", branch)[:-1] for branch in columns]
    alike = takewhile(lambda part: len(set(part)) == 1, zip(*parts, strict=False))
    start = "".join(part[0] for part in alike)
    names = [_variable_name(branch.removeprefix(start)) for branch in columns]
    common = start if start and all(_NAME.fullmatch(branch.removeprefix(start)) for branch in columns) else ""
    taken: set[str] = set()
    variables = []
    for plain, (branch, column) in zip(names, columns.items(), strict=True):
        own = _fresh(plain, taken)
        taken.add(own)
        variables.append(_variable(own, branch, common + own, column, roles.get(branch), energy))
    return {"name": name, "variables": variables, **({"branch": common + "{variable}"} if common else {})}


def _variable(
    name: str, branch: str, expected: str, column: Column, role: str | None, energy: str
) -> dict[str, Any]:
    """A variable; `expected` is the branch that it has if nothing says another."""
    (low,) = column.quantiles(0.0)
    found: dict[str, Any] = {"name": name}
    if branch != expected:
        found["branch"] = branch
    found["unit"] = _unit(name, energy)
    if role or column.is_integer:
        found["role"] = role or "count"
    found["missing"] = _missing(column)
    if low >= 0:
        found["range"] = [0, None]
    return found


def _missing(column: Column) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    sentinels = column.sentinels
    if len(sentinels) > 1:
        rules["at_or_below"] = max(sentinels)
    elif sentinels:
        rules["equal"] = sentinels[0]
    if column.wild:
        rules["wild"] = True
    low, first, last = column.quantiles(0.0, 0.01, 0.99)
    if column.is_integer and low >= 0:
        return rules | {"stand_in": -1.0}
    margin = 0.01 * (last - first)
    return rules | {"stand_in": {"below_minimum": _rounded(margin) if margin > 0 else 0.001}}


def _unit(name: str, energy: str) -> str:
    if re.search(r"(^|_)(pt|mass|energy|e)$|^pt_|mass$", name, re.IGNORECASE):
        return energy
    return "rad" if re.search(r"phi", name, re.IGNORECASE) else "1"


def _variable_name(branch: str) -> str:
    """A name for an input: its column without the beginning that says the collection."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", branch.replace("{place}", "")).strip("_")
    return plain if plain[:1].isalpha() else f"v_{plain}"


def _fresh(name: str, taken: Iterable[str]) -> str:
    taken = set(taken)
    return next(
        each for each in (name, *(f"{name}_{number}" for number in range(2, 1000))) if each not in taken
    )


def _rounded(value: float) -> float:
    """One digit."""
    return float(f"{value:.0e}")


def _flow(value: Any) -> str:
    """In one line."""
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=math.inf).strip()


def _table_text(table: Mapping[str, Any], file: Path) -> str:
    lines = [
        f"# Inputs of jets in files like {file.name}, guessed",
        "# by robustag describe. Look at every line: take out what no tagger should see (truth, outputs of",
        "# others), put in units and ranges, say what a missing entry is, order elements by order_by.",
        "# docs/inputs.md and the first lines of config/features/jet_flavor.yaml explain the keys. The unit",
        "# 1 may stand for one that was not guessed, the role count for anything stored as integers.",
        f"data_set: {table['data_set']}",
        "blocks:",
    ]
    for block in table["blocks"]:
        lines.append(f"  - name: {block['name']}")
        lines += [
            f"    {key}: {_flow(block[key]).removesuffix(' ...').splitlines()[0]}"
            for key in ("count", "branch", "jet_index")
            if key in block
        ]
        lines.append("    variables:")
        lines += [f"      - {_flow(variable)}" for variable in block["variables"]]
    return "\n".join(lines) + "\n"


def _preset_text(start: Start, file: Path, jets: JetRecords, total: int, preset: Path) -> str:
    lines = [
        f"# A study of {file.name}, guessed by robustag describe.",
        f"# Look at every line, then `robustag check {preset}`, then",
        f"# `snakemake --cores 2 --configfile {preset}`.",
        "# config/README.md explains the keys; whatever is not said here is as in the default study.",
        f"study: {start.name}",
        f"features: {start.features}",
        "samples:",
        f"  {start.name}:",
    ]
    sample = start.sample | {"select": _selected(jets)}
    lines += [f"    {key}: {_inline(value)}" for key, value in sample.items()]
    for key, value in _sections(start, jets, total):
        if isinstance(value, dict):
            lines += [f"{key}:", *(f"  {name}: {_inline(part)}" for name, part in value.items())]
        else:
            lines.append(f"{key}: {_inline(value)}")
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    return _flow(value) if isinstance(value, dict | list) else _flow([value])[1:-1]


def _sections(start: Start, jets: JetRecords, total: int) -> Iterator[tuple[str, Any]]:
    pt, eta = _edges(jets.pt, 7), _eta_edges(jets.eta)
    yield "weights", {"pt_edges": pt, "eta_edges": eta}
    absolute = sorted({0.0, *map(abs, eta)})
    if total < _FEW:
        yield from _SMALL.items()
    surface = {} if total >= _FEW else dict(_SMALL_SURFACE)
    if pairs := _pairs(jets, start.table):
        surface |= {"pairs": pairs}
    yield "surface", surface
    evaluation: dict[str, Any] = {"mistags": [0.1, 0.05, 0.01]} if total < _FEW else {}
    yield (
        "evaluation",
        evaluation
        | {
            "bins": {"pt": pt[::2] if len(pt) > 4 else pt, "eta": absolute},
            "inputs": _shown(jets, start.table),
        },
    )
    yield "figures", {"sample": start.name.replace("_", " ")}
    yield "run", {"samples": [start.name]}


def _selected(jets: JetRecords) -> dict[str, list[float]]:
    """Ranges of pT, and of the pseudorapidity where jets lie beyond what trackers see."""
    edges = _edges(jets.pt, 1)
    found = {"pt": [edges[0], edges[-1]]}
    if np.abs(jets.eta).max() > _TRACKED:
        found["eta"] = [-_TRACKED if jets.eta.min() < 0 else 0.0, _TRACKED]
    return found


def _edges(values: np.ndarray, bins: int) -> list[float]:
    """Edges of bins of about equally many numbers, of two digits, that hold 999 of 1000."""
    at = np.quantile(values, np.linspace(0.0, 0.999, bins + 1))
    low, *inner, high = (float(each) for each in at)
    edges = {
        _two_digits(low, math.floor),
        *(_two_digits(each, round) for each in inner),
        _two_digits(high, math.ceil),
    }
    found = sorted(edges)
    return found if len(found) > 1 else [found[0], found[0] + 1]


def _two_digits(value: float, rounding: Any) -> float:
    if value == 0:
        return 0
    scale = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    found = float(f"{rounding(value / scale) * scale:.6g}")
    return int(found) if found.is_integer() else found


def _eta_edges(eta: np.ndarray) -> list[float]:
    """Bins up to where the jets end, or what trackers see: of 1 on both sides of zero, or of 0.5."""
    end = min(_TRACKED, max(0.5, math.ceil(2 * float(np.abs(eta).max())) / 2))
    start = -end if eta.min() < 0 else 0.0
    return [float(edge) for edge in np.linspace(start, end, round(2 * end) + 1)]


def _pairs(jets: JetRecords, table: FeatureTable) -> list[dict[str, Any]]:
    """pT and pseudorapidity, and the first two variables of elements."""
    own = [name for name in (table.own("pt"), table.own("eta")) if name]
    found = [own] if len(own) == 2 else []
    free = [n for n, counted in zip(table.names, table.integer, strict=True) if not counted and n not in own]
    if len(free) > 1:
        found.append(free[:2])
    widths = {name: _rounded(_spread(jets.values[:, table.index(name)])) for pair in found for name in pair}
    return [{"inputs": pair, "widths": [widths[name] for name in pair]} for pair in found]


def _spread(values: np.ndarray) -> float:
    """Half of what two thirds of the numbers lie in; 1 where they are all the same."""
    there = values[np.isfinite(values)]
    low, high = np.quantile(there, [0.16, 0.84]) if len(there) else (0.0, 0.0)
    return float(high - low) / 2 or 1.0


def _shown(jets: JetRecords, table: FeatureTable) -> dict[str, list[float]]:
    """Up to four inputs of the table with the range of nearly all of their numbers."""
    firsts = [block.first for block in table.blocks]
    chosen = dict.fromkeys([*firsts, *range(min(4, table.size))])
    found: dict[str, list[float]] = {}
    for column in chosen:
        values = jets.values[:, column]
        there = values[np.isfinite(values)]
        if len(there) and len(found) < 4:
            low, high = (float(f"{each:.2g}") for each in np.quantile(there, [0.005, 0.99]))
            if low < high:
                found[table.names[column]] = [low, high]
    return found

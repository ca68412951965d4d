"""How fast jets are read, beside bare reading of the same numbers: `python -m tests.benchmarks.readers`.

Every format is an entry of FORMATS: a file of so many jets, what bare reading of it is, and how much longer
the reader may take. Both take turns in one process; the fastest round of each counts, in CPU seconds.
Checking what was read, which is the same for all formats, comes on top. The exit status is 1 if a limit is
missed.
"""

import argparse
import gzip
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

import awkward as ak
import uproot
import yaml

from robustag.features import FeatureTable
from robustag.generate.chunk import generate_chunk
from robustag.generate.ntuple import new_ntuple
from robustag.readers import generated, read_jets
from robustag.readers.conversion import convert_files
from robustag.readers.text import line_blocks
from robustag.validation.published import PUBLISHED_JETS
from tests.benchmarks.readers import columns
from tests.jet_lines import jet_line, random_jets

try:  # The fastest there is; without it the ratio says little.
    from orjson import loads
except ImportError:
    from json import loads

ROOT = Path(__file__).resolve().parents[3]
TABLE = FeatureTable.load(ROOT / "config/features/jet_flavor.yaml")
ROUNDS = 3
DISTINCT = 10_000


def simulated(folder: Path, jets: int) -> Path:
    """An ntuple of the generator, its events repeated to so many jets."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    few, many = folder / "few.root", folder / "many.root"
    generate_chunk(
        {"process": "bb"},
        config["generator"]["detector"],
        {},
        events=500,
        seed=1,
        run=1,
        chunk=1,
        variation="nominal",
        outputs={"nominal": few},
        progress=lambda _: None,
    )
    with uproot.open(few) as file:
        events = file["Events"].arrays()
    made: dict = {}
    for name in events.fields:
        collection, _, field = name.partition("_")
        if events[name].ndim > 1:
            made.setdefault(collection, {})[field] = events[name]
        elif f"{name[1:]}_pt" not in events.fields and f"{name[1:]}_mass" not in events.fields:
            made[name] = events[name]
    made = {name: ak.zip(value) if isinstance(value, dict) else value for name, value in made.items()}
    with new_ntuple(many) as writer:
        for _ in range(-(-jets // generated.count(few).jets)):
            writer.append(made)
        writer.finish({})
    return many


def bare_uproot(path: Path) -> None:
    """The branches that the reader uses, as uproot gives them."""
    jet, track = ([variable.name for variable in block.variables] for block in TABLE.blocks)
    names = ["run", "luminosityBlock", "event", "genWeight"]
    names += [f"Jet_{name}" for name in ("phi", "mass", "hadronFlavour", "partonFlavour")]
    names += [f"Jet_{generated.branch_of(name)}" for name in jet]
    names += [f"Track_{name}" for name in ("jetIdx", *track)]
    with uproot.open(path) as file:
        file["Events"].arrays(names)


def lines(folder: Path, jets: int) -> Path:
    """A gzipped file of lines, of which some thousand are distinct."""
    path = folder / "jets.json.gz"
    made = [f"{jet_line(*jet)}\n" for jet in zip(*random_jets(min(jets, DISTINCT)), strict=True)]
    with path.open("wb") as file:
        for start in range(0, jets, DISTINCT):
            if start == 0 or jets - start < DISTINCT:
                member = gzip.compress("".join(made[: jets - start]).encode(), 6)
            file.write(member)
    return path


def bare_json(path: Path) -> None:
    """Every line as lists of Python."""
    for _, text in line_blocks(path):
        for line in text.splitlines():
            loads(line)


class Format(NamedTuple):
    """A format: how a file of so many jets is made, what bare reading is, and the limit of the ratio."""

    name: str
    make: Callable[[Path, int], Path]
    bare: Callable[[Path], None]
    beside: str
    limit: float
    table: FeatureTable = TABLE
    options: Mapping[str, Any] = MappingProxyType({})


def of_cms(name: str, make: Callable[[FeatureTable], Callable[[Path, int], Path]], **other: Any) -> Format:
    """A format of CMS with the table that comes for it; other: the format and options it is read with."""
    table = FeatureTable.load(ROOT / f"config/features/{name}.yaml")
    read = other.pop("format", name)
    return Format(read, make(table), columns.bare, "uproot", 1.5, table, other)


FORMATS = [
    Format("generated", simulated, bare_uproot, "uproot", 1.5),
    Format("jet_flavor", lines, bare_json, loads.__module__, 1.5),
    of_cms("deepntuple", columns.deepntuple),
    of_cms(
        *("deepntuple", columns.deepntuple),
        **{"format": "columns", "pt": "jet_pt", "eta": "jet_eta", "event": ["event_no"], "index": "jet_no"},
    ),
    of_cms("nanoaod", columns.nano),
    of_cms("pfnano", columns.nano),
]


def seconds(function: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    started = time.process_time()
    function()
    return time.process_time() - started


def compare(format_: Format, folder: Path, jets: int) -> bool:
    """Print one line about a format; whether it keeps its limit."""
    path = format_.make(folder, jets)
    reader = import_module(f"robustag.readers.{format_.name}")
    options, table = format_.options, format_.table
    counting = {name: options[name] for name in ("pt", "tree") if name in options}
    number = reader.count(path, **counting).jets
    cases = {
        "count": lambda: reader.count(path, **counting),
        "bare": lambda: format_.bare(path),
        "read": lambda: reader.read(path, table, **options),
        "checked": lambda: read_jets(format_.name, path, table, options=options),
    }
    reader.read(path, table, (0, 1), **options)  # kernels are compiled
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(ROUNDS):
        for name, function in cases.items():
            best[name] = min(best[name], seconds(function))
    ratio = best["read"] / best["bare"]
    kept = ratio <= format_.limit
    rates = "".join(f"{number / best[name]:11.0f}" for name in cases)
    size = path.stat().st_size / number
    verdict = f"<= {format_.limit} {'ok' if kept else 'MISSED'}"
    line = f"{format_.name:12}{number:9d}{size:9.0f}{rates}  {format_.beside:8}{ratio:7.2f}  {verdict}"
    print(line, flush=True)
    return kept


def published(folder: Path, jets: int) -> None:
    """What the public data set takes, by a file of so many jets: every way to read it."""
    path, whole = lines(folder, jets), sum(PUBLISHED_JETS.values())
    reader = import_module("robustag.readers.jet_flavor")
    chunks = -(-whole // 200_000)
    counted = seconds(lambda: reader.count(path)) / jets
    read = seconds(lambda: [None for _ in reader.stream(path, TABLE)]) / jets
    converted = seconds(lambda: list(convert_files("jet_flavor", [path], folder / "out", 200_000))) / jets
    parts = sorted((folder / "out").iterdir())
    again = seconds(lambda: [read_jets("generated", part, TABLE) for part in parts]) / jets
    print(f"\npublic data set, {whole} jets, by {jets}: CPU minutes")
    for what, per_jet in {
        "count": counted,
        "read in one pass": read,
        f"read in {chunks} chunks, each from the beginning": read + counted * (chunks - 1) / 2,
        "convert": converted,
        "read what was converted": again,
    }.items():
        print(f"{what:48}{per_jet * whole / 60:7.1f}")
    print(f"{'converted, GB':48}{sum(part.stat().st_size for part in parts) / jets * whole / 1e9:7.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.readers", description=__doc__)
    parser.add_argument("--jets", type=int, default=100_000, help="of a file (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=100_000, help="of the public data set's format")
    arguments = parser.parse_args()
    print(
        f"{'format':12}{'jets':>9}{'B/jet':>9}{'count':>11}{'bare':>11}{'read':>11}{'checked':>11}"
        f"  {'bare is':8}{'ratio':>7}  limit"
    )
    kept = []
    for format_ in FORMATS:
        with TemporaryDirectory() as folder:
            kept.append(compare(format_, Path(folder), arguments.jets))
    with TemporaryDirectory() as folder:
        published(Path(folder), arguments.lines)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

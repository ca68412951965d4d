"""The public data set of Guest et al., Phys. Rev. D 94 (2016) 112002: a jet per line of JSON, gzipped or not.

`robustag.readers.jet_lines` has the layout of a line. Units are mm, GeV and rad.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import awkward as ak
import numpy as np

from robustag.classes import CLASSES, HADRON_FLAVOURS
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.blocks import Block, Order
from robustag.readers.elements import fill
from robustag.readers.generated import branch_of
from robustag.readers.jet_lines import Lines, parse
from robustag.readers.records import Count, JetRecords, event_key
from robustag.readers.text import count_lines, line_blocks

JET_VARIABLES = (
    *("jet_pt", "jet_eta", "flavor"),
    *("track_2_d0_significance", "track_3_d0_significance", "track_2_z0_significance"),
    *("track_3_z0_significance", "n_tracks_over_d0_threshold", "jet_prob", "jet_width_eta", "jet_width_phi"),
    *("vertex_significance", "n_secondary_vertices", "n_secondary_vertex_tracks", "delta_r_vertex"),
    *("vertex_mass", "vertex_energy_fraction"),
)
TRACK_VARIABLES = (
    *("D0", "Z0", "PHI", "THETA", "QOVERP"),
    *("D0D0", "Z0D0", "Z0Z0", "PHID0", "PHIZ0", "PHIPHI", "THETAD0", "THETAZ0", "THETAPHI", "THETATHETA"),
    *("QOVERPD0", "QOVERPZ0", "QOVERPPHI", "QOVERPTHETA", "QOVERPQOVERP", "weight", "vertex_mass"),
    *("vertex_displacement", "vertex_delta_eta_jet", "vertex_delta_phi_jet"),
    *("vertex_displacement_significance", "vertex_n_tracks", "vertex_energy_fraction"),
)
_PT, _ETA, _FLAVOR = range(3)
_TRACK = "track"
# That of arXiv:2203.13890: descending signed transverse impact-parameter significance.
_ORDER = Order("D0", "D0D0")
# The file has no events: every line is one, of this luminosity block.
_LUMINOSITY_BLOCK = 1

_DESCRIBED = ("run", "luminosity_block", "event", "parton_flavour", "n_tracks")

_log = logging.getLogger(__name__)


def count(path: str | Path) -> Count:
    """Every line is an entry and a jet."""
    lines = count_lines(path)
    return Count(lines, lines)


def read(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
) -> JetRecords:
    """Read the jets of some lines.

    Blocks of the jet itself are read from the numbers of the jet, a block track from its tracks, in the order
    of the table. A gzipped file is unpacked from its beginning to the last line that is asked for.

    A line is an event: its key comes from the file's name, without folder and .gz, and the number of
    the line, so that it is the same wherever the file is and in what `robustag convert` makes of it.

    Parameters
    ----------
    columns : sequence of str
        Numbers of the jet to describe it with, of JET_VARIABLES, beside run, luminosity_block, event,
        parton_flavour and n_tracks.

    Raises
    ------
    InputError
        If the file is missing or damaged, a line is laid out otherwise or has a flavour other than 5, 4 and
        0, or the table or `columns` ask for what the format does not have.
    """
    blocks = list(stream(path, table, entries, columns))
    _log.info("%s has no event numbers: a line is an event, by the file's name and the line's number", path)
    return JetRecords.joined(blocks or [_records(path, parse(path, 0, b""), table, columns)])


def stream(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
) -> Iterator[JetRecords]:
    """The same jets as `read` gives, some thousand at a time."""
    _check_table(table, columns)
    for lines in _lines(path, entries):
        yield _records(path, lines, table, columns)


def branches(path: str | Path) -> Iterator[dict[str, ak.Array]]:
    """Everything in the file, some thousand jets at a time, as branches of the tree `Events`.

    A jet is an event with the collections Jet and Track, named as the built-in generator names them. phi and
    mass, which coffea asks for, are NaN. All tracks are there, in the order of the file.

    Raises
    ------
    InputError
        As `read`, and for tracks whose order an ntuple would not say.
    """
    for lines in _lines(path, None):
        _check_order(path, lines)
        label = _labels(path, lines)
        of_jets, of_tracks = (np.ascontiguousarray(part.T) for part in (lines.jets, lines.tracks))
        nothing = np.full(len(label), np.nan, np.float32)
        jets = {branch_of(name): column for name, column in zip(JET_VARIABLES, of_jets, strict=True)}
        flavour = jets.pop("flavor").astype(np.int32)
        jets |= {"phi": nothing, "mass": nothing, "hadronFlavour": flavour, "partonFlavour": flavour}
        jets["n_tracks"] = lines.counts.astype(np.int32)
        tracks = {"jetIdx": np.zeros(len(lines.tracks), np.int32)}
        tracks |= dict(zip(TRACK_VARIABLES, of_tracks, strict=True))
        run, block, event = _identity(path, lines)
        yield {
            "run": ak.Array(run.astype(np.uint32)),
            "luminosityBlock": ak.Array(block.astype(np.uint32)),
            "event": ak.Array(event),
            "Jet": ak.unflatten(ak.zip(jets), np.ones(len(label), np.int64)),
            "Track": ak.unflatten(ak.zip(tracks), lines.counts),
        }


def _lines(path: str | Path, entries: tuple[int, int] | None) -> Iterator[Lines]:
    for first, text in line_blocks(path, entries):
        yield parse(path, first, text)


def _records(path: str | Path, lines: Lines, table: FeatureTable, columns: Sequence[str]) -> JetRecords:
    label = _labels(path, lines)
    values = np.empty((len(label), table.size), np.float32)
    for block in table.blocks:
        if block.count is None:
            values[:, block.columns[:, 0]] = lines.jets[
                :, [JET_VARIABLES.index(v.name) for v in block.variables]
            ]
        else:
            _fill(values[:, block.first : block.first + block.size], lines, block)
    identity = _identity(path, lines)
    own = (*identity, lines.jets[:, _FLAVOR].astype(np.int64), lines.counts)
    described = dict(zip(_DESCRIBED, own, strict=True))
    described |= {name: lines.jets[:, JET_VARIABLES.index(name)] for name in columns if name not in described}
    return JetRecords(
        values=values,
        label=label,
        weight=np.ones(len(values), np.float32),
        pt=lines.jets[:, _PT],
        eta=lines.jets[:, _ETA],
        event=event_key(*identity),
        index=np.zeros(len(values), np.int64),
        described=described,
    )


def _fill(values: np.ndarray, lines: Lines, block: Block) -> None:
    """Put the variables of the tracks of every jet that come first into values, float32 [N, V T]."""
    order = block.order or _ORDER
    rank = lines.tracks[:, TRACK_VARIABLES.index(order.value)].astype(np.float64)
    if order.variance is not None:
        variance = lines.tracks[:, TRACK_VARIABLES.index(order.variance)].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            rank = rank / np.sqrt(variance)
    jet = np.repeat(np.arange(len(lines.counts)), lines.counts)
    columns = [lines.tracks[:, TRACK_VARIABLES.index(variable.name)] for variable in block.variables]
    fill(values, columns, jet, rank)


def _identity(path: str | Path, lines: Lines) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What stands for run, luminosity block and event of every line, uint64 [N]; lines count from 1."""
    number = len(lines.counts)
    name = Path(path).name.removesuffix(".gz")
    return (
        np.full(number, crc32(name.encode()), np.uint64),
        np.full(number, _LUMINOSITY_BLOCK, np.uint64),
        np.arange(lines.first + 1, lines.first + 1 + number, dtype=np.uint64),
    )


def _labels(path: str | Path, lines: Lines) -> np.ndarray:
    """Class of every jet, int64 [N]."""
    flavor = lines.jets[:, _FLAVOR]
    codes = [HADRON_FLAVOURS[name] for name in CLASSES]
    if (unknown := ~np.isin(flavor, codes)).any():
        line = int(np.argmax(unknown))
        raise InputError(
            f"{path}: line {lines.first + line + 1} has the flavour {flavor[line]:g}: expected 5, 4 or 0"
        )
    return np.select([flavor == code for code in codes], range(len(codes)), default=-1)


def _check_order(path: str | Path, lines: Lines) -> None:
    """Refuse a track whose significance does not exist: an ntuple with it would not be read."""
    variance = lines.tracks[:, TRACK_VARIABLES.index(_ORDER.variance)]
    if (wrong := ~(variance > 0)).any():
        line = np.repeat(np.arange(len(lines.counts)), lines.counts)[wrong][0]
        raise InputError(
            f"{path}: line {lines.first + line + 1} has a track with {_ORDER.variance} = "
            f"{variance[wrong][0]:g}: leave the line out, or read the file as it is"
        )


def _check_table(table: FeatureTable, columns: Sequence[str]) -> None:
    """Refuse what the format does not have."""
    for block in table.blocks:
        if block.count is not None and block.name != _TRACK:
            raise InputError(
                "a file of the format jet_flavor has jets and their tracks: feature table "
                f"'{table.data_set}' asks for the block {block.name}"
            )
        known = JET_VARIABLES if block.count is None else TRACK_VARIABLES
        order = [name for name in (block.order or ()) if name]
        _check_names([*(variable.name for variable in block.variables), *order], known)
    _check_names(columns, (*JET_VARIABLES, *_DESCRIBED))


def _check_names(names: Sequence[str], known: Sequence[str]) -> None:
    if absent := [name for name in names if name not in known]:
        raise InputError(f"a file of the format jet_flavor has no '{absent[0]}': use {', '.join(known)}")

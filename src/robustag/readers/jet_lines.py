"""Lines of the public data set as numbers: a compiled reader of its one layout, and a slow one that explains.

A line is a jet: ``[pt, eta, flavor, [8 numbers of its tracks], [6 of its vertices], [track, ...]]``, a track
``[[5 of the helix], [15 covariances], [1 weight], [7 of its vertex]]``. A number that does not exist is one
of the strings "NaN", "-NaN", "inf" and "-inf". Numbers become the float32 that Python's own reading of the
text gives, bit by bit: the rare line in which a quick conversion cannot be sure of that is left to Python.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robustag.compiling import compiled
from robustag.errors import InputError

HEAD = 3
JET_PARTS = (8, 6)
TRACK_PARTS = (5, 15, 1, 7)
JET_SIZE = HEAD + sum(JET_PARTS)
TRACK_SIZE = sum(TRACK_PARTS)
_LARGEST = float(np.finfo(np.float32).max)
_NO_NUMBERS = {"NaN": math.nan, "-NaN": math.nan, "inf": math.inf, "-inf": -math.inf}

# What a track takes in a line at least: its numbers of one digit, brackets and commas.
_SHORTEST_TRACK = 2 * TRACK_SIZE + 2 * len(TRACK_PARTS) + 2
_DIGITS = 19
_POWER_MIN, _POWER_MAX = -60, 40
_POWERS = np.array([float(f"1e{power}") for power in range(_POWER_MIN, _POWER_MAX + 1)])
# Further than a product of rounded factors is from the number that is written.
_BELOW, _ABOVE = 1.0 - 2.0**-50, 1.0 + 2.0**-50
_OPEN, _CLOSE, _COMMA, _QUOTE, _MINUS, _PLUS, _POINT, _ZERO, _NINE, _END = (
    ord(sign) for sign in '[],"-+.09\n'
)
_FINE, _UNSURE, _DAMAGED = range(3)


@dataclass(frozen=True)
class Lines:
    """Jets of some lines.

    Attributes
    ----------
    first : int
        Number of the first line in its file, from 0.
    jets : float32 [N, 17]
        pt, eta, flavor and the numbers of tracks and vertices, in the order of the line.
    tracks : float32 [T, 28]
        Numbers of every track, of one jet after another.
    counts : int64 [N]
        Tracks per jet.
    """

    first: int
    jets: np.ndarray
    tracks: np.ndarray
    counts: np.ndarray


def parse(path: str | Path, first: int, text: bytes) -> Lines:
    """Jets of whole lines of a file, the first of which has this number.

    Raises
    ------
    InputError
        Naming file and line, for a line that is laid out otherwise.
    """
    lines = text.count(b"\n")
    jets = np.empty((lines, JET_SIZE), np.float32)
    tracks = np.empty((len(text) // _SHORTEST_TRACK + 1, TRACK_SIZE), np.float32)
    counts, states = np.empty(lines, np.int64), np.empty(lines, np.int64)
    found = _parse(np.frombuffer(text, np.uint8), jets.ravel(), tracks.ravel(), counts, states)
    if states.any():
        written = text.splitlines()
        for line in np.flatnonzero(states):
            try:
                jet, of_jet = _explained(written[line])
                if states[line] == _DAMAGED:
                    raise InputError("is written in an unusual way: write plain numbers and lists")
            except InputError as error:
                raise InputError(f"{path}: line {first + line + 1} {error}") from None
            start = counts[:line].sum()
            jets[line], tracks[start : start + counts[line]] = jet, of_jet
    return Lines(first, jets, tracks[:found], counts)


def _explained(line: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a jet and of its tracks, read slowly.

    Raises
    ------
    InputError
        Saying what is wrong with the line.
    """
    try:
        jet = json.loads(line, parse_constant=_refused, parse_int=float)
    except (ValueError, RecursionError) as error:  # of json, and of text that is no UTF-8
        reason = getattr(error, "msg", str(error))
        raise InputError(f"is damaged or no JSON ({reason}): copy the file anew") from None
    parts = _listed(jet, HEAD + len(JET_PARTS) + 1, "a jet")
    numbers = list(parts[:HEAD])
    for part, size, what in zip(parts[HEAD:-1], JET_PARTS, ("tracks", "vertices"), strict=True):
        numbers += _listed(part, size, f"what a jet says of its {what}")
    tracks = []
    for track in _listed(parts[-1], None, "the tracks of a jet"):
        of_track: list = []
        for part, size in zip(_listed(track, len(TRACK_PARTS), "a track"), TRACK_PARTS, strict=True):
            of_track += _listed(part, size, "a part of a track")
        tracks.append([_number(value) for value in of_track])
    return (
        np.array([_number(value) for value in numbers], np.float32),
        np.array(tracks, np.float32).reshape(-1, TRACK_SIZE),
    )


def _listed(value: Any, size: int | None, what: str) -> list:
    if not isinstance(value, list):
        raise InputError(f"has {json.dumps(value)[:40]} where {what} should be: it must be a list")
    if size is not None and len(value) != size:
        raise InputError(f"has {len(value)} entries in {what} instead of {size}: it is of another format")
    return value


def _number(value: Any) -> float:
    if isinstance(value, str) and value in _NO_NUMBERS:
        return _NO_NUMBERS[value]
    if not isinstance(value, float):
        names = ", ".join(f'"{name}"' for name in _NO_NUMBERS)
        raise InputError(f"has {json.dumps(value)[:40]} where a number should be: use a number or {names}")
    if abs(value) > _LARGEST:
        raise InputError(f'has the number {value:g}, which no detector gives: use "NaN" for what is missing')
    return value


def _refused(name: str) -> float:
    raise ValueError(f"{name} without quotes")


@compiled
def _parse(
    text: np.ndarray, jets: np.ndarray, tracks: np.ndarray, counts: np.ndarray, states: np.ndarray
) -> int:
    """Fill the arrays from the lines of a text; gives the number of tracks.

    `states` says of each line whether it was read. Positions are -1 after what is not as it should be, and
    stay so; every line has an end, which nothing but a line accepts.
    """
    start, found = 0, 0
    for line in range(len(counts)):
        first, unsure = found, False
        at = _sign(text, _spaces(text, start), _OPEN)
        at, unsure = _numbers(text, at, jets, JET_SIZE * line, HEAD, unsure)
        end = HEAD
        for size in JET_PARTS:
            at = _sign(text, _sign(text, at, _COMMA), _OPEN)
            at, unsure = _numbers(text, at, jets, JET_SIZE * line + end, size, unsure)
            at = _sign(text, at, _CLOSE)
            end += size
        at = _sign(text, _sign(text, at, _COMMA), _OPEN)
        while at >= 0 and text[at] != _CLOSE:
            if found > first:
                at = _sign(text, at, _COMMA)
            at = _sign(text, at, _OPEN)
            end = 0
            for size in TRACK_PARTS:
                if end:
                    at = _sign(text, at, _COMMA)
                at = _sign(text, at, _OPEN)
                at, unsure = _numbers(text, at, tracks, TRACK_SIZE * found + end, size, unsure)
                at = _sign(text, at, _CLOSE)
                end += size
            at = _sign(text, at, _CLOSE)
            found += at >= 0
        at = _sign(text, _sign(text, at, _CLOSE), _CLOSE)
        read = at >= 0 and text[at] == _END
        states[line] = (_UNSURE if unsure else _FINE) if read else _DAMAGED
        counts[line] = found - first
        if read:
            start = at + 1
        else:
            while text[start] != _END:
                start += 1
            start += 1
    return found


@compiled
def _numbers(
    text: np.ndarray, at: int, out: np.ndarray, first: int, size: int, unsure: bool
) -> tuple[int, bool]:
    """Read so many numbers with commas between them into `out`, from place `first`."""
    for place in range(first, first + size):
        if place > first:
            at = _sign(text, at, _COMMA)
        if at < 0:
            break
        out[place], at, sure = _one_number(text, at)
        unsure = unsure or not sure
    return at, unsure


@compiled
def _one_number(text: np.ndarray, at: int) -> tuple[np.float32, int, bool]:
    """A number, the position after it, and whether Python would read the same."""
    if text[at] == _QUOTE:
        return _named(text, at + 1)
    negative = text[at] == _MINUS
    at += negative
    begin, power, mantissa = at, 0, np.uint64(0)
    while _ZERO <= text[at] <= _NINE:
        mantissa = mantissa * np.uint64(10) + np.uint64(text[at] - _ZERO)
        at += 1
    digits = at - begin
    if digits == 0 or (digits > 1 and text[begin] == _ZERO):
        return np.float32(0.0), -1, True
    if text[at] == _POINT:
        at += 1
        point = at
        while _ZERO <= text[at] <= _NINE:
            mantissa = mantissa * np.uint64(10) + np.uint64(text[at] - _ZERO)
            at += 1
        power = point - at
        digits -= power
        if power == 0:
            return np.float32(0.0), -1, True
    # A mantissa of up to 19 digits fits; zeros before the first digit do not count.
    while digits > _DIGITS and (text[begin] == _ZERO or text[begin] == _POINT):
        digits -= text[begin] == _ZERO
        begin += 1
    if text[at] == 101 or text[at] == 69:  # e, E
        at += 1
        below = text[at] == _MINUS
        at += below or text[at] == _PLUS
        begin, written = at, 0
        while _ZERO <= text[at] <= _NINE:
            written = min(10 * written + text[at] - _ZERO, 10_000)
            at += 1
        if at == begin:
            return np.float32(0.0), -1, True
        power += -written if below else written
    at = _spaces(text, at)
    if mantissa == 0 and digits <= _DIGITS:
        return np.float32(-0.0) if negative else np.float32(0.0), at, True
    if digits > _DIGITS or power < _POWER_MIN or power > _POWER_MAX:
        return np.float32(0.0), at, False
    value = np.float64(mantissa) * _POWERS[power - _POWER_MIN]
    nearest, furthest = np.float32(value * _BELOW), np.float32(value * _ABOVE)
    sure = nearest == furthest and furthest != np.inf
    return -nearest if negative else nearest, at, sure


@compiled
def _named(text: np.ndarray, at: int) -> tuple[np.float32, int, bool]:
    """What the strings NaN, -NaN, inf, -inf stand for, after their first quotation mark."""
    negative = text[at] == _MINUS
    at += negative
    if text[at] == 78 and text[at + 1] == 97 and text[at + 2] == 78:  # NaN
        value = np.float32(np.nan)
    elif text[at] == 105 and text[at + 1] == 110 and text[at + 2] == 102:  # inf
        value = np.float32(-np.inf) if negative else np.float32(np.inf)
    else:
        return np.float32(0.0), -1, True
    at = _sign(text, at + 3, _QUOTE)
    return value, at, True


@compiled
def _sign(text: np.ndarray, at: int, sign: int) -> int:
    """The position after a sign and the blanks behind it."""
    return _spaces(text, at + 1) if at >= 0 and text[at] == sign else -1


@compiled
def _spaces(text: np.ndarray, at: int) -> int:
    """The position after blanks."""
    while text[at] <= 32 and (text[at] == 32 or text[at] == 9 or text[at] == 13):
        at += 1
    return at

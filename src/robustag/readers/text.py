"""Text files, gzipped or plain, streamed in blocks of whole lines."""

import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from robustag.errors import DamageError, InputError
from robustag.failures import refusing_damage

# Of the file, in one go: some megabytes of text once it is unpacked.
_READ = 1 << 19
_LONGEST_LINE = 1 << 20
_GZIP = b"\x1f\x8b"


def count_lines(path: str | Path) -> int:
    """Lines of a file, a last one without an end included.

    Raises
    ------
    InputError
        If the file is missing or damaged, or no text in lines.
    """
    return sum(text.count(b"\n") for text in _whole_lines(path))


def line_blocks(path: str | Path, lines: tuple[int, int] | None = None) -> Iterator[tuple[int, bytes]]:
    """Lines of a file, some megabytes at a time, each line with its end.

    A gzipped file is unpacked from its beginning, whatever is asked for.

    Parameters
    ----------
    lines : (int, int), optional
        First line, counted from 0, and the one after the last. Without it, all.

    Yields
    ------
    (int, bytes)
        Number of the first line of a block, and the block.

    Raises
    ------
    InputError
        If the file is missing or damaged, or no text in lines.
    """
    first, last = lines or (0, None)
    number = 0
    with closing(_whole_lines(path)) as blocks:
        for text in blocks:
            if last is not None and number >= last:
                return
            after = number + text.count(b"\n")
            if after > first:
                begin, end = max(first, number), after if last is None else min(last, after)
                whole = (begin, end) == (number, after)
                yield begin, text if whole else _cut(text, begin - number, end - number)
            number = after


def _cut(text: bytes, first: int, last: int) -> bytes:
    """Lines of a block from `first` to before `last`."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
    return text[ends[first - 1] if first else 0 : ends[last - 1]]


def _whole_lines(path: str | Path) -> Generator[bytes, None, None]:
    """The text of a file in pieces that end with the end of a line."""
    rest = b""
    for piece in _pieces(path):
        text = rest + piece
        end = text.rfind(b"\n") + 1
        rest = text[end:]
        if len(rest) > _LONGEST_LINE:
            raise InputError(f"{path} is no text in lines: give a file with one jet on every line")
        if end:
            yield text[:end]
    if rest:
        yield rest + b"\n"


def _pieces(path: str | Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked if they are gzipped: one member, or several one after another."""
    if not Path(path).is_file():
        raise InputError(f"{path} is not a file: give the path of a text file, gzipped or not")
    with (
        refusing_damage(path, "is damaged", "copy it anew", zlib.error),
        Path(path).open("rb") as file,
    ):
        packed = file.read(_READ)
        if not packed.startswith(_GZIP):
            while packed:
                yield packed
                packed = file.read(_READ)
            return
        while packed:
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                if not packed:
                    raise DamageError("it ends in the middle")
                yield member.decompress(packed)
                packed = member.unused_data if member.eof else file.read(_READ)
            # The end may be padded with zeros.
            while not (packed := packed.lstrip(b"\0")) and (more := file.read(_READ)):
                packed = more

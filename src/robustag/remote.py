"""Files on other machines: whoever takes a path of jets takes an address, https:// or root://, as well.

Bytes come through fsspec, which fetches what is asked for; addresses root:// need the extra `xrootd`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from robustag.errors import InputError

SCHEMES = ("http", "https", "root")
_SECONDS = 30


class State(NamedTuple):
    """What a file's server says of it: bytes, and a text that changes with its content, or ''."""

    size: int
    version: str


def is_remote(path: str | Path) -> bool:
    """Whether it is an address.

    Examples
    --------
    >>> is_remote("root://eospublic.cern.ch//eos/jets.root"), is_remote("/data/jets.root")
    (True, False)
    """
    return "://" in str(path)


def state_of(url: str) -> State:
    """Size and version of a file on a server, without reading it.

    Raises
    ------
    InputError
        If the server cannot be reached or has no such file, or nothing here speaks its protocol.
    """
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        raise InputError(f"{url}: nothing here reads {scheme}://: use {', '.join(SCHEMES)}, or a path")
    with _reaching(url):
        if scheme == "root":
            files, path = _file_system(url)
            told = files.info(path)
            return State(int(told["size"]), str(told.get("mtime", "")))
        with urlopen(Request(url, method="HEAD"), timeout=_SECONDS) as answer:
            headers: Message = answer.headers
            version = headers.get("ETag") or headers.get("Last-Modified") or ""
            return State(int(headers.get("Content-Length") or -1), version)


@contextmanager
def open_binary(path: str | Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, here or on a server, to read and to seek in.

    Raises
    ------
    InputError
        If it is on a server that cannot be reached or has no such file.
    """
    if not is_remote(path):
        with Path(path).open("rb") as file:
            yield file
        return
    state_of(str(path))
    files, place = _file_system(str(path))
    with files.open(place, "rb") as file:
        yield file


def _file_system(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # jobs without such files do without

    try:
        return url_to_fs(url)
    except ImportError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{url}: {reason}: for root://, pip install 'robustag[xrootd]'") from None


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    try:
        yield
    except (URLError, OSError, ValueError) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split())[:200]
        code = f"{error.code} " if hasattr(error, "code") else ""
        raise InputError(
            f"{url} cannot be reached ({code}{reason}): mend the address, or try later"
        ) from None

"""Which format a file of jets looks like, by the names of its columns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from robustag.errors import InputError

# Columns that a file of each format has, the most particular format first.
_MARKS = {
    "generated": ("Jet_pt", "Jet_jet_prob", "Track_jetIdx", "Track_D0"),
    "pfnano": ("Jet_pt", "luminosityBlock", "Jet_DeepCSV_jetNSelectedTracks"),
    "pfnano_deepjet": ("Jet_pt", "luminosityBlock", "Jet_DeepJet_nCpfcand"),
    "nanoaod": ("Jet_pt", "luminosityBlock", "Jet_jetId"),
    "deepntuple": ("jet_pt", "jet_eta", "event_no", "jet_no"),
}

#: Tables of inputs in config/features that are not called as their format.
FEATURES = {"generated": "jet_flavor"}


def recognised(names: Sequence[str]) -> list[str]:
    """Formats whose files have such columns, the most particular first; any file is of format columns, too.

    Examples
    --------
    >>> recognised(["jet_pt", "jet_eta", "event_no", "jet_no", "isB"])
    ['deepntuple', 'columns']
    """
    there = set(names)
    return [*(name for name, marks in _MARKS.items() if there.issuperset(marks)), "columns"]


@contextmanager
def telling_the_format(path: str | Path, name: str) -> Iterator[None]:
    """Say of a file that cannot be read that it looks like another format, if it does.

    Raises
    ------
    InputError
        Instead of the one inside.
    """
    try:
        yield
    except InputError as error:
        # Where nothing is wrong no library of file formats is needed.
        from robustag.readers.containers import opened

        try:
            with opened(path) as container:
                found = recognised(container.names)
        except InputError:
            raise error from None
        if name in found or name not in _MARKS:
            raise
        raise InputError(f"{path} looks like format {found[0]}, and is read as {name}: {error}") from None

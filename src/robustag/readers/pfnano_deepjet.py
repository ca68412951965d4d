"""CMS PFNano with the inputs of DeepJet: its branches `Jet_DeepJet_*`, or the same made of its candidates."""

from collections.abc import Sequence
from pathlib import Path

from robustag.features import FeatureTable
from robustag.readers import pfnano
from robustag.readers.deepjet import PREFIX, WithDeepJet
from robustag.readers.nanoaod import read_nano
from robustag.readers.records import Count, JetRecords


def count(path: str | Path) -> Count:
    """Events of a file, and jets in them."""
    return pfnano.count(path)


def read(
    path: str | Path,
    table: FeatureTable,
    entries: tuple[int, int] | None = None,
    columns: Sequence[str] = (),
) -> JetRecords:
    """Read every jet of some events; files without `Jet_hadronFlavour`, such as data, have no labels.

    Raises
    ------
    InputError
        If the file is missing, damaged or no PFNano, lacks a branch that the table names, or has neither
        `Jet_DeepJet_*` nor what they can be made of.
    """
    with pfnano.opened_events(path) as container:
        stored = any(name.startswith(PREFIX) for name in container.names)
        return read_nano(container if stored else WithDeepJet(container, path), path, table, entries, columns)

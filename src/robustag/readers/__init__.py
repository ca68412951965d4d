"""Files of jets to flat jet records: a module for each format, found by its name.

A module defines two functions. ``count(path)`` gives a `Count`, without reading more than it must.
``read(path, table, entries, columns)`` gives `JetRecords` of the entries in that range, and in their
``described`` the numbers of each jet in further columns, by which a sample labels and selects; keyword-only
arguments are options that a sample of the configuration may, or must, give, and ``count`` takes those that
it needs. NaN marks what the file does not have; what the feature table says of missing entries is applied to
what it returns.

Two more functions are for files too large for the memory: ``stream(path, table)`` gives the jets piece by
piece, for checks of a whole file, and ``branches(path)`` everything in it, for `conversion`.
"""

from robustag.readers.reading import Reading, read_jets, stream_jets
from robustag.readers.records import Count, JetRecords, entry_key, event_key

__all__ = ["Count", "JetRecords", "Reading", "entry_key", "event_key", "read_jets", "stream_jets"]

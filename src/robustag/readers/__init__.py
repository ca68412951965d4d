"""Files of jets to flat jet records: a module for each format, found by its name.

A module defines two functions. ``count(path)`` gives a `Count`, without reading more than it must.
``read(path, table, entries)`` gives `JetRecords` of the entries in that range; keyword-only arguments are
options that a sample of the configuration may, or must, give. Two more functions are for files too large for
the memory: ``stream(path, table)`` gives the jets piece by piece, for checks of a whole file, and
``branches(path)`` everything in it, for `conversion`. NaN marks what the file does not have; what the
feature table says of missing entries is applied to what it returns.
"""

from robustag.readers.reading import read_jets, stream_jets
from robustag.readers.records import Count, JetRecords, event_key

__all__ = ["Count", "JetRecords", "event_key", "read_jets", "stream_jets"]

"""Files of jets to flat jet records: a module for each format, found by its name.

A module defines two functions. ``count(path)`` gives a `Count`, without reading more than it must.
``read(path, table, entries, columns)`` gives `JetRecords` of the entries in that range, and in their
``described`` the numbers of each jet in further columns, by which a sample labels and selects; keyword-only
arguments are options that a sample of the configuration may, or must, give, and ``count`` takes those that
it needs. NaN marks what the file does not have; what the feature table says of missing entries is applied to
what it returns.
"""

from robustag.readers.reading import Reading, read_jets
from robustag.readers.records import Count, JetRecords, event_key

__all__ = ["Count", "JetRecords", "Reading", "event_key", "read_jets"]

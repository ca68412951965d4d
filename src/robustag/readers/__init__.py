"""ROOT ntuples to flat jet records, one module a format (import the one you need: coffea is slow to load)."""

from robustag.readers.records import JetRecords

__all__ = ["JetRecords"]

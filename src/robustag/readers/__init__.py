"""ROOT ntuples to flat jet records, one module a format."""

from robustag.readers.generated import read_generated
from robustag.readers.records import JetRecords

__all__ = ["JetRecords", "read_generated"]

"""How the loss surface of the default study is scanned."""

from pathlib import Path

from robustag.documents import read_document
from robustag.registry import settings_of
from robustag.surface import Surface

_CONFIG = Path(__file__).resolve().parents[1] / "config/config.yaml"
SURFACE = settings_of(Surface, read_document(_CONFIG)["surface"], "surface")

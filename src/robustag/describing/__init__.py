"""What is in a file of jets, and a feature table and a study to start from."""

from robustag.describing.layout import guessed
from robustag.describing.report import described
from robustag.describing.starting import Start
from robustag.describing.survey import survey

__all__ = ["Start", "described", "guessed", "survey"]

"""What the rules' scripts and the Snakefile share. Imports nothing heavy: every job pays for it."""

from robustag.workflow.jobs import job
from robustag.workflow.seeds import derive_seed

__all__ = ["derive_seed", "job"]

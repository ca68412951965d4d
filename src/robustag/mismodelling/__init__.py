"""Changes of the inputs with a physical meaning, to set beside the attacks."""

from robustag.mismodelling.scenarios import KINDS, perturb
from robustag.mismodelling.selection import select_inputs

__all__ = ["KINDS", "perturb", "select_inputs"]

"""Changes of the inputs with a physical meaning, to set beside the attacks."""

from robustag.mismodelling.scenarios import KINDS, perturb

__all__ = ["KINDS", "perturb"]

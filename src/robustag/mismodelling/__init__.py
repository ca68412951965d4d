"""Changes of the inputs with a physical meaning, to set beside the attacks."""

from robustag.mismodelling.scenarios import KINDS, keeps_jets, mismodelled, perturb

__all__ = ["KINDS", "keeps_jets", "mismodelled", "perturb"]

"""Changes of the inputs with a physical meaning, to set beside the attacks.

What is asked for is imported then, so that `sources` can be read without torch.
"""

from typing import TYPE_CHECKING

from robustag.lazy import export_lazily

if TYPE_CHECKING:
    from robustag.mismodelling.scenarios import KINDS, keeps_jets, mismodelled, perturb

__all__ = ["KINDS", "keeps_jets", "mismodelled", "perturb"]

export_lazily(__name__)

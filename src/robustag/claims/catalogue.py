"""The claims: what was said, where, and what is known about the size of the effect.

The printed AUCs of the two papers are not quoted anywhere here; sizes to compare with come from the authors'
predecessor study on CMS simulation (same network family, loss, attack and epsilon, 67 inputs), from the
released code and notebooks, and from follow-up work.
"""

from robustag.claims.landscapes import LANDSCAPES
from robustag.claims.taggers import TAGGERS

CLAIMS = TAGGERS + LANDSCAPES

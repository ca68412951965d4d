"""What a published claim is."""

from collections.abc import Callable
from dataclasses import dataclass

from robustag.claims.evidence import Evidence
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding

PREDECESSOR = "predecessor study, CMS simulation, epoch 200, epsilon 0.01"
#: True by construction or by configuration, as a definition's own entries are: no result of physics.
CHECK = "check"
#: Of physics: which way something goes, and how far ("much smaller", "almost", "no such relation").
DIRECTION, SIZE = "direction", "size"
NOTEBOOK = "authors' loss-surface notebook, one b jet, pT and eta over one sigma"


@dataclass(frozen=True)
class Claim:
    """One published claim.

    Attributes
    ----------
    id
        Short name: C and a running number over both papers.
    title
        In a few words.
    statement
        What is claimed, in our words.
    source
        Where.
    references
        Sizes to compare with, each with its origin.
    holds, fails
        What it means for a tagger if the claim stands, and if it falls.
    test
        From the evidence for one pair of models to findings.
    kind
        `CHECK`, `DIRECTION` or `SIZE`.
    audited
        Whether its numbers say how robust a model is, which nothing does without an audit of the attacks.
    """

    id: str
    title: str
    statement: str
    source: str
    references: tuple[str, ...]
    holds: str
    fails: str
    test: Callable[[Evidence, Settings], list[Finding]]
    kind: str
    audited: bool = False

"""The claims: what was said, where, and what is known about the size of the effect.

The printed AUCs of the two papers are not quoted anywhere here; sizes to compare with come from the authors'
predecessor study on CMS simulation (same network family, loss, attack and epsilon, 67 inputs) and from the
released notebook of the loss surface.
"""

from collections.abc import Callable
from dataclasses import dataclass

from robustag.claims import geometry, robustness
from robustag.claims.evidence import Evidence, Settings
from robustag.claims.verdict import Finding

PREDECESSOR = "predecessor study, CMS simulation, epoch 200, epsilon 0.01"
PREDECESSOR_NOISE = "predecessor study, CMS simulation, epoch 200"
NOTEBOOK = "authors' loss-surface notebook, one b jet, pT and eta over one sigma"


@dataclass(frozen=True)
class Claim:
    """One published claim.

    Attributes
    ----------
    id
        Short name: C and a running number over both papers.
    statement
        What is claimed, in our words.
    source
        Where.
    references
        Sizes to compare with, each with its origin.
    test
        From the evidence for one pair of models to findings.
    """

    id: str
    statement: str
    source: str
    references: tuple[str, ...]
    test: Callable[[Evidence, Settings], list[Finding]]


CLAIMS = (
    Claim(
        "C3",
        "A nominal tagger is vulnerable: a small FGSM distortion visibly degrades b and c tagging.",
        "arXiv:2203.13890, abstract; ROC evaluation of the released code",
        (
            f"BvL AUC 0.9473 raw, 0.8861 or 0.8942 (two versions of the code) under FGSM ({PREDECESSOR})",
            f"CvL AUC 0.7495 raw, 0.7010 under FGSM ({PREDECESSOR})",
        ),
        robustness.nominal_is_vulnerable,
    ),
    Claim(
        "C4",
        "Random noise of the same size has a much smaller effect on the nominal tagger than FGSM.",
        "arXiv:2203.13890, evaluation of the released code",
        (f"loss of BvL AUC 0.0009 to 0.0010 under noise, 0.053 to 0.061 under FGSM ({PREDECESSOR})",),
        robustness.noise_is_milder,
    ),
    Claim(
        "C5",
        "Adversarial training mitigates the attack: its loss of AUC under FGSM is much smaller.",
        "arXiv:2203.13890, abstract",
        (f"loss of BvL AUC 0.053 to 0.061 nominal, 0.0105 to 0.0107 adversarial ({PREDECESSOR})",),
        robustness.adversarial_training_mitigates,
    ),
    Claim(
        "C6",
        "Adversarial training (almost) preserves the performance on undisturbed jets.",
        "arXiv:2203.13890, abstract; arXiv:2303.14511, abstract",
        (
            f"BvL AUC 0.9473 nominal, 0.9471 adversarial ({PREDECESSOR})",
            f"CvL AUC 0.7495 nominal, 0.7365 adversarial: not preserved ({PREDECESSOR})",
        ),
        robustness.performance_is_preserved,
    ),
    Claim(
        "C8",
        "Mismodelling other than the training attack is better tolerated after adversarial training, too.",
        "arXiv:2203.13890, abstract (injected mismodelling); arXiv:2303.14511, abstract (cross-checks)",
        (
            f"BvL AUC 0.9102 nominal, 0.9323 adversarial under noise of 0.1 ({PREDECESSOR_NOISE})",
            "coherent shifts, smearing and re-simulation: no published number was found",
        ),
        robustness.other_mismodelling_is_tolerated,
    ),
    Claim(
        "C14",
        "Around a b jet the nominal loss has one clear diagonal attack direction in jet pT and eta; the "
        "adversarial loss is flat along one of them, so that several directions are equivalent.",
        "arXiv:2303.14511, figure of the loss surface",
        (
            f"change along pT -4.2 to -5.4 % nominal, +6.4 % adversarial ({NOTEBOOK})",
            f"change along eta -5.5 to -6.8 % nominal, -0.05 to -0.14 % adversarial ({NOTEBOOK})",
            "mixed second difference -0.060e-6 nominal, +0.006e-6 adversarial, of losses of 5.5e-6 to "
            f"7.6e-6 ({NOTEBOOK})",
        ),
        geometry.attack_direction_is_diagonal,
    ),
)

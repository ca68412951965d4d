"""Claims of arXiv:2303.14511, about systematics, loss surfaces and attacks of varying complexity."""

from robustag.claims import attacks, geometry, surface, systematics
from robustag.claims.claim import DIRECTION, NOTEBOOK, SIZE, Claim

LANDSCAPES = (
    Claim(
        "C12",
        "attacks as systematics",
        "Attacks are a model of systematic uncertainties; adversarial training improves robustness while "
        "performance stays high.",
        "arXiv:2303.14511, abstract",
        ("no published number was found",),
        "robustness against attacks is worth having for the sake of systematic uncertainties",
        "robustness against attacks has to be argued for by something else than systematic uncertainties",
        systematics.attacks_model_systematics,
        SIZE,
        audited=True,
    ),
    Claim(
        "C13",
        "distinct geometry",
        "The loss surfaces of nominal and adversarial models have a distinct geometry in input space.",
        "arXiv:2303.14511, figure of the loss surface",
        (f"largest over smallest loss on the plane: + 11.9 % nominal, + 6.5 % adversarial ({NOTEBOOK})",),
        "adversarial training flattens the surroundings of jets, which is how it defends",
        "adversarial training defends, if it does, by something else than flatter surroundings of jets",
        surface.geometry_is_distinct,
        DIRECTION,
    ),
    Claim(
        "C14",
        "direction of the attack",
        "Around a b jet the nominal loss has one clear diagonal attack direction in jet pT and eta; the "
        "adversarial loss is flat along one of them, so that several directions are equivalent.",
        "arXiv:2303.14511, figure of the loss surface",
        (
            f"change along pT -4.2 to -5.4 % nominal, +6.4 % adversarial ({NOTEBOOK})",
            f"change along eta -5.5 to -6.8 % nominal, -0.05 to -0.14 % adversarial ({NOTEBOOK})",
            "mixed second difference -0.060e-6 nominal, +0.006e-6 adversarial, of losses of 5.5e-6 to "
            f"7.6e-6 ({NOTEBOOK})",
        ),
        "the picture of the one published jet is typical of b jets",
        "the picture of the one published jet is not typical of b jets",
        geometry.attack_direction_is_diagonal,
        DIRECTION,
    ),
    Claim(
        "C15",
        "inputs jointly",
        "Two features have to be looked at together: an attack moves them jointly, and correlations count.",
        "arXiv:2303.14511, abstract and figure of the loss surface",
        (f"mixed second difference 9 % of the range of the loss nominal, 1 % adversarial ({NOTEBOOK})",),
        "one-dimensional views of the loss understate an attack",
        "one input alone says nearly all",
        geometry.one_view_is_not_enough,
        SIZE,
    ),
    Claim(
        "C16",
        "attacks of varying complexity",
        "The defence holds for attacks of varying complexity and for physics-inspired mismodelling.",
        "ACAT 2022, abstract of arXiv:2303.14511",
        (
            "another tagger, trained on NGM: BvL AUC under FGSM 0.930 nominal, 0.951 adversarial; under NGM "
            "0.969 and 0.976 (authors' DeepJet fork, Particle Transformer)",
        ),
        "robustness is not an artefact of the one attack it was trained on",
        "robustness does not extend to every attack",
        attacks.every_attack_is_mitigated,
        DIRECTION,
        audited=True,
    ),
    Claim(
        "C17",
        "beyond the first order",
        "A limitation: the study concentrates on first-order attacks, beyond which more harm may be done.",
        "arXiv:2303.14511, as publicly summarised",
        (
            "BvL AUC 0.937 / 0.937 / 0.936 under PGD of one, two and three steps (a bachelor thesis on "
            "DeepJet, epsilon 0.1 by feature): more steps add almost nothing",
        ),
        "FGSM understates the worst case of its own budget",
        "FGSM is as strong as attacks of several steps in its budget",
        attacks.first_order_is_a_limit,
        DIRECTION,
        audited=True,
    ),
)

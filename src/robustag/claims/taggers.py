"""Claims of arXiv:2203.13890, about taggers, attacks and adversarial training."""

from robustag.claims import inputs, learning, mismodelling, robustness, setup, surface
from robustag.claims.claim import CHECK, DIRECTION, PREDECESSOR, SIZE, Claim

_PREDECESSOR_EPOCHS = "predecessor study, CMS simulation, FGSM 0.01"

TAGGERS = (
    Claim(
        "C1",
        "data set",
        "The data set has 11,491,971 jets in a training, a validation and a test part; inputs are "
        "normalised, and weights remove the imbalance of classes and kinematics.",
        "arXiv:2203.13890, text; preparation notebooks of the released code",
        (
            "72 / 8 / 20 % (train, validation, test) by the released code",
            "b 39.3 %, c 12.0 %, light 48.7 % of the public jets, which a simulation replaces",
        ),
        "models are trained on a sample that is prepared as the papers' was",
        "differences to the papers may come from the preparation of the sample",
        setup.sample_is_prepared,
        CHECK,
    ),
    Claim(
        "C2",
        "reference tagger",
        "The reference tagger is a network with five hidden layers of 100 nodes, ReLU and dropout, trained "
        "with a focal loss and Adam.",
        "arXiv:2203.13890, text; training scripts of the released code",
        (
            "184 inputs, hidden layers of 5 x 100, dropout 0.1, 59,203 parameters, focal loss with gamma 25 "
            "after two softmax, Adam, 497 (nominal) and 1000 (adversarial) epochs of 8.3 million jets",
        ),
        "the tagger of this arm is the published one",
        "the tagger of this arm departs from the published one, as its definition says",
        setup.tagger_is_the_published_one,
        CHECK,
    ),
    Claim(
        "C3",
        "vulnerability",
        "A nominal tagger is vulnerable: a small FGSM distortion visibly degrades b and c tagging.",
        "arXiv:2203.13890, abstract; ROC evaluation of the released code",
        (
            f"BvL AUC 0.9473 raw, 0.8861 or 0.8942 (two versions of the code) under FGSM ({PREDECESSOR})",
            f"CvL AUC 0.7495 raw, 0.7010 under FGSM ({PREDECESSOR})",
        ),
        "the performance of an undefended tagger hangs on details of its inputs that nobody has validated",
        "this tagger needs no defence against first-order distortions of this size",
        robustness.nominal_is_vulnerable,
        DIRECTION,
        audited=True,
    ),
    Claim(
        "C4",
        "noise is milder",
        "Random noise of the same size has a much smaller effect on the nominal tagger than FGSM.",
        "arXiv:2203.13890, evaluation of the released code",
        (f"loss of BvL AUC 0.0009 to 0.0010 under noise, 0.053 to 0.061 under FGSM ({PREDECESSOR})",),
        "the direction of a distortion counts, so smearing inputs says little about the worst case",
        "smearing inputs probes a tagger as well as an attack does",
        robustness.noise_is_milder,
        SIZE,
    ),
    Claim(
        "C5",
        "defence",
        "Adversarial training mitigates the attack: its loss of AUC under FGSM is much smaller.",
        "arXiv:2203.13890, abstract",
        (f"loss of BvL AUC 0.053 to 0.061 nominal, 0.0105 to 0.0107 adversarial ({PREDECESSOR})",),
        "adversarial training is a defence against the attack it was trained on",
        "adversarial training does not defend against the attack it was trained on",
        robustness.adversarial_training_mitigates,
        SIZE,
        audited=True,
    ),
    Claim(
        "C6",
        "performance",
        "Adversarial training (almost) preserves the performance on undisturbed jets.",
        "arXiv:2203.13890, abstract; arXiv:2303.14511, abstract",
        (
            f"BvL AUC 0.9473 nominal, 0.9471 adversarial ({PREDECESSOR})",
            f"CvL AUC 0.7495 nominal, 0.7365 adversarial: not preserved ({PREDECESSOR})",
        ),
        "robustness costs less performance than the margin",
        "robustness costs performance on undisturbed jets",
        robustness.performance_is_preserved,
        SIZE,
    ),
    Claim(
        "C7",
        "vulnerability grows",
        "The longer the nominal model is trained, the better and the more vulnerable it gets; the "
        "adversarial model shows no such relation.",
        "arXiv:2203.13890, abstract",
        (
            f"loss of BvL AUC, nominal: 0.024 at epoch 10, 0.061 at epoch 200 ({_PREDECESSOR_EPOCHS})",
            f"loss of BvL AUC, adversarial: 0.0105 at epoch 10, 0.0107 at epoch 200 ({_PREDECESSOR_EPOCHS})",
        ),
        "the last bit of nominal performance is bought with vulnerability",
        "training longer does not make the nominal model more vulnerable than the adversarial one",
        learning.vulnerability_grows,
        SIZE,
        audited=True,
    ),
    Claim(
        "C8",
        "other mismodelling",
        "Mismodelling other than the training attack is better tolerated after adversarial training, too.",
        "arXiv:2203.13890, abstract (injected mismodelling); arXiv:2303.14511, abstract (cross-checks)",
        (
            "BvL AUC 0.9102 nominal, 0.9323 adversarial under noise of 0.1 (predecessor study, CMS "
            "simulation, epoch 200)",
            "coherent shifts, smearing and re-simulation: no published number was found",
        ),
        "training against one distortion helps against realistic ones as well",
        "training against FGSM does not carry over to every realistic mismodelling",
        mismodelling.other_mismodelling_is_tolerated,
        DIRECTION,
    ),
    Claim(
        "C9",
        "flavour-dependent shifts",
        "FGSM shifts inputs by flavour and to one side, while noise smears them symmetrically.",
        "arXiv:2203.13890, histograms by flavour of the released code",
        ("no published number was found",),
        "an attack moves jets of different flavour apart or together, which smearing never does",
        "attacked inputs move like smeared ones",
        inputs.shifts_depend_on_flavour,
        CHECK,
    ),
    Claim(
        "C10",
        "first order",
        "Piecewise linear networks with many inputs suffice for a severe effect of first order.",
        "arXiv:2203.13890, introduction",
        ("no published number was found",),
        "one gradient tells nearly all about small distortions, and no single input carries the effect",
        "a gradient at the jet does not tell what a distortion of this size does, or few inputs carry it",
        surface.first_order_is_enough,
        CHECK,
    ),
    Claim(
        "C11",
        "hidden from histograms",
        "Distributions of single inputs hardly change under the attack although the performance drops.",
        "arXiv:2203.13890, ratio panels and divergences of the released code",
        (
            "KL of jet pT 0.00057 (epsilon 0.01), 0.0015 (0.02) under FGSM; 0.00006, 0.0016 under noise "
            "(predecessor study, CMS simulation)",
        ),
        "comparing data with simulation one input at a time would not reveal such a distortion",
        "comparing data with simulation one input at a time would reveal such a distortion",
        inputs.inputs_change_little,
        SIZE,
    ),
)

"""The attacks by name: what each is, what it costs and how figures show it.

No torch is needed to read it, and nothing else lists the attacks: a new one is a function in a module of
`robustag.attacks` and an entry here.
"""

from robustag.attacks.info import AttackInfo

_RUNS = "steps (1 + restarts)"
_KEPT = "steps (1 + restarts) + 1 + restarts"
_THESIS = "Waltzko, thesis on DeepJet"

_ENTRIES = (
    AttackInfo(
        "noise", "blind", "none", "blind", "0", "0", "arXiv:2203.13890", "Gaussian noise", (0, (1, 1.2))
    ),
    AttackInfo("uniform", "blind", "linf", "blind", "0", "0", "arXiv:1412.6572", "uniform noise"),
    AttackInfo("shift", "blind", "linf", "blind", "0", "0", "arXiv:2203.13890", "coherent shift"),
    AttackInfo(
        *("universal_shift", "gradient", "linf", "gradient", "steps", "steps"),
        *("arXiv:1610.08401", "universal shift"),
        multi_step=True,
        whole_budget=False,
        each_epsilon=True,
        whole_sample=True,
    ),
    AttackInfo("fgsm", "gradient", "linf", "gradient", "1", "1", "arXiv:1412.6572", "FGSM", (0, (5, 2))),
    AttackInfo(
        *("random_start_fgsm", "gradient", "linf", "gradient", "1", "1"),
        *("arXiv:2001.03994", "random-start FGSM"),
        each_epsilon=True,
    ),
    AttackInfo("ngm", "gradient", "l2_group", "gradient", "1", "1", "CMS RobustParT, cmssw#41275", "NGM"),
    AttackInfo(
        *("pgd", "iterated", "linf", "gradient", _KEPT, _RUNS, "arXiv:1706.06083", "PGD"),
        multi_step=True,
        each_epsilon=True,
    ),
    AttackInfo(
        *("momentum_pgd", "iterated", "linf", "gradient", _KEPT, _RUNS, "arXiv:1710.06081", "momentum PGD"),
        multi_step=True,
        each_epsilon=True,
    ),
    AttackInfo(
        *("apgd", "iterated", "linf", "gradient", "steps", "steps", "arXiv:2003.01690", "APGD"),
        multi_step=True,
        each_epsilon=True,
    ),
    AttackInfo(
        *("mahalanobis_gradient", "gradient", "mahalanobis", "gradient", "1", "1"),
        *("steepest ascent", "Mahalanobis gradient"),
        builder="fgsm",
    ),
    AttackInfo(
        *("mahalanobis_pgd", "iterated", "mahalanobis", "gradient", _KEPT, _RUNS),
        *("arXiv:1706.06083", "Mahalanobis PGD"),
        builder="pgd",
        multi_step=True,
        each_epsilon=True,
    ),
    AttackInfo(
        *("deepfool", "minimal", "linf", "gradient", "steps", "2 steps", "arXiv:1511.04599", "DeepFool"),
        multi_step=True,
        raises="misread",
    ),
    AttackInfo(
        *("fmn", "minimal", "linf", "gradient", "steps", "steps", "arXiv:2102.12827", "FMN"),
        multi_step=True,
        raises="misread",
    ),
    AttackInfo(
        *("carlini_wagner", "minimal", "l2", "gradient", "searches steps", "searches steps"),
        *("arXiv:1608.04644", "Carlini-Wagner"),
        multi_step=True,
        raises="misread",
    ),
    AttackInfo(
        *("random_search", "search", "linf", "search", "queries", "0", "arXiv:1912.00049", "random search"),
        each_epsilon=True,
    ),
    AttackInfo(
        *("pip", "counts", "none", "gradient", "steps", "steps", _THESIS, "PIP"),
        whole_budget=False,
        moves_integers=True,
    ),
    AttackInfo(
        *("pip_pgd", "counts", "linf", "gradient", "steps + 2", "steps", _THESIS, "PIP-PGD"),
        multi_step=True,
        whole_budget=False,
        each_epsilon=True,
        moves_integers=True,
    ),
    AttackInfo(
        *("rdsa", "sample", "none", "search", "1 + attempts", "0", "arXiv:2501.05588", "RDSA"),
        raises="margin",
        whole_budget=False,
        each_epsilon=True,
        whole_sample=True,
    ),
    AttackInfo(
        *("conserving_pgd", "sample", "linf", "gradient", "steps", "steps"),
        *("arXiv:2603.13970", "conserving PGD"),
        multi_step=True,
        whole_budget=False,
        each_epsilon=True,
        whole_sample=True,
    ),
    AttackInfo(
        *("undetected", "undetected", "linf", "gradient", "its attack's", "its attack's"),
        *("arXiv:2603.13970", "undetected attack"),
        multi_step=True,
        whole_budget=False,
        each_epsilon=True,
        whole_sample=True,
    ),
    AttackInfo(
        *("transfer", "composite", "linf", "transfer", "its attack's", "its attack's"),
        *("arXiv:1605.07277", "transferred attack"),
        each_epsilon=True,
    ),
    AttackInfo(
        *("worst_case", "composite", "linf", "gradient", "its members' + 1 + members", "its members'"),
        *("arXiv:2003.01690", "worst case"),
        raises="margin",
        each_epsilon=True,
    ),
)

ATTACKS: dict[str, AttackInfo] = {info.name: info for info in _ENTRIES}

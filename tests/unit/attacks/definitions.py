"""One definition of every attack, with options that cost little."""

from robustag.attacks import ATTACKS

DEFINITIONS = {
    definition["name"]: definition
    for definition in (
        {"name": "noise"},
        {"name": "uniform"},
        {"name": "shift", "direction": "down"},
        {"name": "universal_shift", "steps": 3},
        {"name": "fgsm"},
        {"name": "random_start_fgsm", "rate": 1.25},
        {"name": "ngm"},
        {"name": "pgd", "steps": 4, "rate": 2.5, "restarts": 1},
        {"name": "momentum_pgd", "steps": 4, "rate": 1.5, "restarts": 0, "momentum": 1.0},
        {"name": "apgd", "steps": 12, "objective": "loss"},
        {"name": "mahalanobis_gradient"},
        {"name": "mahalanobis_pgd", "steps": 4, "rate": 2.5, "restarts": 0},
        {"name": "deepfool", "steps": 5, "overshoot": 0.02},
        {"name": "fmn", "steps": 8, "learning_rate": 1.0, "shrinkage": 0.1},
        {
            "name": "carlini_wagner",
            "steps": 10,
            "searches": 3,
            "learning_rate": 0.05,
            "constant": 1.0,
            "confidence": 0.0,
        },
        {"name": "random_search", "queries": 12, "share": 0.5, "objective": "loss"},
        {"name": "pip", "steps": 2, "exponent": 0.5},
        {"name": "pip_pgd", "steps": 3, "rate": 2.5, "count_steps": 1, "exponent": 1.0},
        {"name": "rdsa", "attempts": 6, "features": 3},
        {"name": "conserving_pgd", "steps": 3, "rate": 2.5},
        {
            "name": "undetected",
            "data_jets": 100,
            "attack": {"name": "pgd", "steps": 3, "rate": 2.5, "restarts": 0},
        },
        {"name": "transfer", "attack": {"name": "fgsm"}},
        {
            "name": "worst_case",
            "members": [
                {"name": "fgsm"},
                {"name": "random_search", "queries": 8, "share": 0.5, "objective": "loss"},
            ],
        },
    )
}
#: Those that look at one jet at a time.
CHUNKABLE = tuple(name for name in DEFINITIONS if not ATTACKS[name].whole_sample)

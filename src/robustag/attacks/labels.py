"""What perturbations are called in figures and reports."""

from robustag.attacks.catalogue import ATTACKS

# Of definitions of the default study whose names do not say it.
_LABELS = {
    "fgsm_capped": "FGSM with relative cap",
    "fgsm_published": "FGSM in published sigma",
    "fgsm_uncertainty": "FGSM in uncertainties",
    "apgd_margin": "APGD on the margin",
    "mahalanobis": "Mahalanobis PGD",
    "uniform_noise": "uniform noise",
}


def perturbation_label(name: str) -> str:
    """A name from the tables as a reader would write it: the catalogue's, where it begins with an attack."""
    if name in _LABELS:
        return _LABELS[name]
    begins = [attack for attack in ATTACKS if f"{name}_".startswith(f"{attack}_")]
    attack = max(begins, key=len, default="")
    return (ATTACKS[attack].label if attack else "") + name.removeprefix(attack).replace("_", " ")

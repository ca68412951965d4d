"""What perturbations are called in figures and reports."""

PERTURBATION_LABELS = {
    "raw": "raw",
    "fgsm": "FGSM",
    "fgsm_capped": "FGSM with relative cap",
    "noise": "Gaussian noise",
    "shift_up": "coherent shift up",
    "shift_down": "coherent shift down",
    "ngm": "NGM",
    "pgd": "PGD",
    "apgd_margin": "APGD on the margin",
    "deepfool": "DeepFool",
    "pip_pgd": "PIP-PGD",
    "mahalanobis": "Mahalanobis PGD",
    "transfer": "transferred PGD",
}


def perturbation_label(name: str) -> str:
    """A name from the tables as a reader would write it."""
    return PERTURBATION_LABELS.get(name, name.replace("_", " "))

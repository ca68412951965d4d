"""What perturbations are called in figures and reports."""

from robustag.attacks.catalogue import ATTACKS

# Of definitions of the default study whose names do not say it.
_LABELS = {
    "fgsm_capped": "FGSM with relative cap",
    "fgsm_published": "FGSM, published sigma",
    "fgsm_uncertainty": "FGSM in uncertainties",
    "apgd_margin": "APGD on the margin",
    "apgd_bvl": "APGD on BvL",
    "mahalanobis": "Mahalanobis PGD",
    "uniform_noise": "uniform noise",
    "ip_resolution_up": "worse IP resolution",
    "ip_tails_up": "longer IP tails",
    "track_efficiency_down": "lower track efficiency",
    "fakes_up": "more fake tracks",
    "beam_spot_shift": "shifted beam spot",
    "fsr_scale_up": "higher FSR scale",
    "fsr_scale_down": "lower FSR scale",
    "b_fragmentation_up": "harder b fragmentation",
    "b_fragmentation_down": "softer b fragmentation",
    "record_ip_resolution": "records: worse IP resolution",
    "record_errors": "records: larger track errors",
    "record_alignment": "records: weak mode of alignment",
    "record_track_loss": "records: track loss",
    "record_vertex_loss": "records: vertex loss",
    "track_order": "swapped tracks",
}


def perturbation_label(name: str) -> str:
    """A name from the tables as a reader would write it: the catalogue's, where it begins with an attack."""
    if name in _LABELS:
        return _LABELS[name]
    begins = [attack for attack in ATTACKS if f"{name}_".startswith(f"{attack}_")]
    attack = max(begins, key=len, default="")
    return (ATTACKS[attack].label if attack else "") + name.removeprefix(attack).replace("_", " ")

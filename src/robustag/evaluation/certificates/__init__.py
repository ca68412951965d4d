"""What no perturbation of a budget can do to a tagger: proven bounds beside the best attack found.

`network` takes a model apart, `bounds` encloses its outputs over a box of inputs, `certify` turns the
enclosures into tagging numbers. The truth lies between certificate and attack.
"""

from robustag.evaluation.certificates.bounds import Bounds, crown_bounds, interval_bounds
from robustag.evaluation.certificates.certify import BrokenCertificateError, Certificates, certify
from robustag.evaluation.certificates.network import AffineLayer, affine_layers, contrasted, forward

__all__ = [
    "AffineLayer",
    "Bounds",
    "BrokenCertificateError",
    "Certificates",
    "affine_layers",
    "certify",
    "contrasted",
    "crown_bounds",
    "forward",
    "interval_bounds",
]

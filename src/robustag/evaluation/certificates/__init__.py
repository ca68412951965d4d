"""What no perturbation of a budget can do to a tagger: proven bounds beside the best attack found.

`network` takes a model apart, `bounds` encloses its outputs over a box of inputs, `leads` bounds what a jet's
flavour is judged by, `certify` and `rates` turn that into tagging numbers. The truth lies between certificate
and attack.
"""

from robustag.evaluation.certificates.bounds import (
    Bounds,
    Effort,
    Enclosure,
    enclosed,
    interval_bounds,
    least_outputs,
)
from robustag.evaluation.certificates.branching import branched, reached
from robustag.evaluation.certificates.certify import BrokenCertificateError, Certificates, certify
from robustag.evaluation.certificates.leads import EFFORT, interval_method, least_leads, proven_method
from robustag.evaluation.certificates.network import AffineLayer, affine_layers, contrasted, forward
from robustag.evaluation.certificates.rates import certified_rates

__all__ = [
    "EFFORT",
    "AffineLayer",
    "Bounds",
    "BrokenCertificateError",
    "Certificates",
    "Effort",
    "Enclosure",
    "affine_layers",
    "branched",
    "certified_rates",
    "certify",
    "contrasted",
    "enclosed",
    "forward",
    "interval_bounds",
    "interval_method",
    "least_leads",
    "least_outputs",
    "proven_method",
    "reached",
]

"""What a comparison of data with simulation sees, and how many jets it needs.

`divergence` compares histograms, `needed` has the closed forms of single tests; `comparison` does them for
all inputs and all pairs of inputs of a sample at once. Everywhere simulation has as many jets as data: with
infinitely many, half as many jets of data do.
"""

from robustag.visibility.divergence import jensen_shannon
from robustag.visibility.needed import (
    jets_to_classify,
    jets_to_see,
    jets_to_see_correlation,
    jets_to_see_divergence,
    price_of_looking,
    true_distance,
)

__all__ = [
    "jensen_shannon",
    "jets_to_classify",
    "jets_to_see",
    "jets_to_see_correlation",
    "jets_to_see_divergence",
    "price_of_looking",
    "true_distance",
]

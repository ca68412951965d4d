"""How far perturbed inputs are from clean ones: would a comparison of data and simulation have noticed?

`single` compares one input at a time, counted between its `cuts` by the formulas of `univariate`;
`correlation` compares all pairs, `classifier` everything at once; `detection` says how many jets show a
difference, `sides` what chance makes of it, `fooled` which jets a tagger misjudges and no classifier flags;
`measure` makes the table. Missing entries
are compared with nothing: they stand in for what does not exist.
"""

from robustag.evaluation.distances.classifier import Classifiers, Sample, Training
from robustag.evaluation.distances.correlation import correlation, correlation_change
from robustag.evaluation.distances.cuts import Cuts
from robustag.evaluation.distances.fooled import Tagger
from robustag.evaluation.distances.measure import Clean, measure_all
from robustag.evaluation.distances.single import Reference, kolmogorov
from robustag.evaluation.distances.univariate import kullback_leibler, wasserstein

__all__ = [
    "Classifiers",
    "Clean",
    "Cuts",
    "Reference",
    "Sample",
    "Tagger",
    "Training",
    "correlation",
    "correlation_change",
    "kolmogorov",
    "kullback_leibler",
    "measure_all",
    "wasserstein",
]

"""How far perturbed inputs are from clean ones: would a comparison of data and simulation have noticed?

`univariate` compares one input at a time, `correlation` all pairs, `classifier` everything at once; `measure`
makes the table. Missing entries are compared with nothing: they stand in for what does not exist.
"""

from robustag.evaluation.distances.classifier import classifier_auc
from robustag.evaluation.distances.correlation import correlation, correlation_change
from robustag.evaluation.distances.measure import measure, measure_all
from robustag.evaluation.distances.univariate import binned, jensen_shannon, kullback_leibler, wasserstein

__all__ = [
    "binned",
    "classifier_auc",
    "correlation",
    "correlation_change",
    "jensen_shannon",
    "kullback_leibler",
    "measure",
    "measure_all",
    "wasserstein",
]

"""Fit the scaling of the inputs and the kinematic weights on the training jets of all chunks."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation, Summary, WeightMap, merge

    bins = snakemake.params.settings["weights"]
    table = FeatureTable.load(snakemake.input.features)
    summary = merge(Summary.load(path) for path in snakemake.input.summaries)
    Normalisation.fit(summary, table).save(snakemake.output.normalisation)
    WeightMap.fit(summary.kinematics, bins["pt_edges"], bins["eta_edges"]).save(snakemake.output.weights)
    log.info("%s", summary)
    if lost := int((summary.kinematics < 0).sum()):
        log.warning("%d bins of flavour, pT and eta have negative sums of weights: their jets get 0", lost)

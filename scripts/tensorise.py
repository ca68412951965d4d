"""Clean, scale, weight and split the jets of one chunk, in every version of it."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.readers import JetRecords
    from robustag.tensors import Normalisation, WeightMap, tensorise

    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    weights = WeightMap.load(snakemake.input.weights)
    settings = snakemake.params.settings
    for source, path in zip(snakemake.input.records, snakemake.output.tensors, strict=True):
        records = JetRecords.load(source).weighted(settings["event_weights"])
        tensorise(records, table, normalisation, weights, settings["split"], path)
        log.info("%d jets of %s", len(records), source)

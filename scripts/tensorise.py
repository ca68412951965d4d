"""Clean, scale, weight and split the jets of one chunk, in every version of it."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.features import FeatureTable
    from robustag.readers.generated import read_generated
    from robustag.tensors import Normalisation, WeightMap, tensorise

    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    weights = WeightMap.load(snakemake.input.weights)
    split = snakemake.params[0]["split"]
    for ntuple, path in zip(snakemake.input.ntuples, snakemake.output.tensors, strict=True):
        records = read_generated(ntuple, table)
        tensorise(records, table, normalisation, weights, split, path)
        log.info("%d jets of %s", len(records), ntuple)

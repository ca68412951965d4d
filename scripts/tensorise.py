"""Clean, scale, weight and split the jets of one chunk."""

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.features import FeatureTable
    from robustag.readers.generated import read_generated
    from robustag.tensors import Normalisation, WeightMap, tensorise

    table = FeatureTable.load(snakemake.input.features)
    records = read_generated(snakemake.input.ntuple, table)
    tensorise(
        records,
        table,
        Normalisation.load(snakemake.input.normalisation),
        WeightMap.load(snakemake.input.weights),
        snakemake.params[0]["split"],
        snakemake.output.tensors,
    )
    log.info("%d jets", len(records))

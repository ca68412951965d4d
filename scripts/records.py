"""Read, check and select the jets of one chunk, in every version of it."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.readers import read_jets

    params, table = snakemake.params, FeatureTable.load(snakemake.input.features)
    for ntuple, path in zip(snakemake.input.ntuples, snakemake.output.records, strict=True):
        jets = read_jets(params.format, ntuple, table, params.entries, params.options)
        kept = jets.chosen(params.flavours, ntuple).within(params.select)
        kept.save(path)
        log.info("%d of %d jets of %s", len(kept), len(jets), ntuple)

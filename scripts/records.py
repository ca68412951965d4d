"""Read, check and select the jets of one chunk, in every version of it."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.readers import read_jets

    params, table = snakemake.params, FeatureTable.load(snakemake.input.features)
    ranges = {name: part for name, part in params.select.items() if name != "where"}
    read = (params.entries, params.options, params.labels, params.select.get("where"))
    files = params.address[:1] or snakemake.input.ntuples
    for ntuple, path in zip(files, snakemake.output.records, strict=True):
        jets = read_jets(params.format, ntuple, table, *read)
        kept = jets.labelled(ntuple).within(ranges)
        kept.save(path)
        log.info("%d of %d jets of %s", len(kept), len(jets), ntuple)

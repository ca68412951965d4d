"""Read, check and select the jets of one chunk, in every version of it."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.readers import read_jets

    read, table = snakemake.params.read, FeatureTable.load(snakemake.input.features)
    how = [read[name] for name in ("entries", "options", "labels", "where")]
    files = read["address"][:1] or snakemake.input.ntuples
    for ntuple, path in zip(files, snakemake.output.records, strict=True):
        jets = read_jets(read["format"], ntuple, table, *how)
        kept = jets.chosen(read["flavours"], ntuple).within(read["ranges"])
        kept.save(path)
        log.info("%d of %d jets of %s", len(kept), len(jets), ntuple)

"""Change the tracks and jets of one ntuple in every way of the study."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    from robustag.mismodelling.vary import vary_ntuple

    variations = snakemake.params.variations
    tracks = vary_ntuple(
        snakemake.input.ntuple,
        variations,
        dict(zip(variations, snakemake.output.varied, strict=True)),
        derive_seed(snakemake.params.seed, "records", snakemake.wildcards.sample),
    )
    log.info("tracks in jets: %s", tracks)

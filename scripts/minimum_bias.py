"""Simulate the minimum-bias collisions that all pile-up of a study is drawn from."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.workflow.simulation import minimum_bias_pool

    pool = minimum_bias_pool(snakemake.params.collisions, snakemake.params.seed)
    pool.save(snakemake.output.pool)
    log.info("%d collisions, %d particles", len(pool), pool.offsets[-1])

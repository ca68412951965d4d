"""Simulate one chunk of a sample with other settings of Pythia and the seed of the nominal chunk."""

from pathlib import Path

from robustag.workflow import job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    from robustag.generate.minimum_bias import Pool
    from robustag.workflow.simulation import simulate_chunk

    sample, variation = snakemake.wildcards.sample, snakemake.wildcards.variation
    chunk = int(snakemake.wildcards.chunk)
    progress = Progress(f"generate {sample} {variation} {chunk}")
    report = simulate_chunk(
        sample,
        snakemake.params.sample,
        snakemake.params.generator,
        chunk,
        root_seed=snakemake.params.seed,
        outputs={variation: Path(snakemake.output.varied)},
        pythia=snakemake.params.pythia,
        variation=variation,
        progress=lambda done: progress(f"{done} events"),
        pool=next(map(Pool.load, snakemake.input.pool), None),
    )
    log.info("%s", report)

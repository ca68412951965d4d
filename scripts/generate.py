"""Simulate one chunk of a sample, nominal and with every detector variation."""

from pathlib import Path

from robustag.workflow import job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    from robustag.generate.minimum_bias import Pool
    from robustag.workflow.simulation import NOMINAL, simulate_chunk

    sample, chunk = snakemake.wildcards.sample, int(snakemake.wildcards.chunk)
    variations = snakemake.params.variations
    progress = Progress(f"generate {sample} {chunk}")
    report = simulate_chunk(
        sample,
        snakemake.params.sample,
        snakemake.params.generator,
        chunk,
        root_seed=snakemake.params.seed,
        outputs={
            NOMINAL: Path(snakemake.output.nominal),
            **dict(zip(variations, map(Path, snakemake.output.variations), strict=True)),
        },
        detectors=variations,
        weights=snakemake.params.weights,
        progress=lambda done: progress(f"{done} events"),
        pool=next(map(Pool.load, snakemake.input.pool), None),
    )
    log.info("%s", report)

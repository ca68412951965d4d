"""Simulate one chunk of a sample, nominal and with every detector variation."""

from pathlib import Path

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(snakemake) as log:
    from robustag.generate.chunk import generate_chunk

    sample, chunk = snakemake.wildcards.sample, int(snakemake.wildcards.chunk)
    settings = snakemake.params.generator
    process = dict(snakemake.params.sample)
    size = settings["events_per_chunk"]
    events = min(size, process.pop("events") - chunk * size)
    variations = snakemake.params.variations
    progress = Progress(f"generate {sample} {chunk}")
    counts = generate_chunk(
        process,
        settings["detector"],
        variations,
        events=events,
        # The variation stays out of the seed: it sees the same collisions.
        seed=derive_seed(snakemake.params.seed, "generate", sample, chunk),
        run=derive_seed(0, "run", sample) % 2**31,
        chunk=chunk + 1,
        outputs={
            "nominal": Path(snakemake.output.nominal),
            **dict(zip(variations, map(Path, snakemake.output.variations), strict=True)),
        },
        progress=lambda done: progress(f"{done} of {events} events"),
    )
    log.info("%s", counts)

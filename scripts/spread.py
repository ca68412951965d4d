"""Measure how the inputs of training jets scatter."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import Spread
    from robustag.attacks.spread import JETS
    from robustag.tensors.loading import JetShards, sample_jets

    torch.set_num_threads(snakemake.threads)
    shards = JetShards(snakemake.input.tensors, "train")
    event = shards.read(torch.arange(len(shards)), ["event"])["event"]
    rows = sample_jets(event, JETS)
    spread = Spread.measure(**shards.read(rows, ["inputs", "missing", "label"]))
    spread.save(snakemake.output.spread)
    log.info("%d training jets; shrinkage of the covariances: %s", len(rows), spread.shrinkage)

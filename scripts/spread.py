"""Measure how the inputs of training jets scatter."""

from robustag.workflow import job

with job(snakemake) as log:
    import torch

    from robustag.attacks import Spread
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    jets = load_tensors(snakemake.input.tensors, "train")
    spread = Spread.measure(jets.inputs, jets.missing, jets.label)
    spread.save(snakemake.output.spread)
    log.info("%d training jets; shrinkage of the covariances: %s", len(jets), spread.shrinkage)

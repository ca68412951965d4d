"""Measure how the inputs of training jets scatter, beside how published ones do."""

from robustag.workflow import job
from robustag.workflow.devices import own_device

with job(globals()) as (snakemake, log):
    from dataclasses import replace

    import torch

    from robustag.attacks import Spread
    from robustag.attacks.spread import JETS, published_deviation
    from robustag.features.published import read_moments
    from robustag.memory import Place, within_memory
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetShards, sample_jets

    torch.set_num_threads(snakemake.threads)
    files = snakemake.input
    shards = JetShards(files.tensors, "train")
    event = shards.read(torch.arange(len(shards)), ["event"])["event"]
    rows = sample_jets(event, JETS)
    jets = shards.read(rows, ["inputs", "missing", "label"])

    def measured(place: Place) -> Spread:
        return Spread.measure(**{name: column.to(place.device) for name, column in jets.items()})

    spread, place = within_memory(measured, Place.undivided(own_device()))
    published = published_deviation(read_moments(files.published), Normalisation.load(files.normalisation))
    replace(spread, published=published).save(snakemake.output.spread)
    shrinkage = spread.shrinkage
    log.info("%d training jets on %s; shrinkage of the covariances: %s", len(rows), place.device, shrinkage)

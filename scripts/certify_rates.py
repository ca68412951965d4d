"""Bound the rates of one model at fixed cuts within some boxes of inputs."""

from robustag.workflow import job
from robustag.workflow.devices import own_device

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import BudgetSettings
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.certificates import certified_rates
    from robustag.evaluation.discriminators import DISCRIMINATORS
    from robustag.evaluation.settings import Evaluation
    from robustag.files import write_table
    from robustag.memory import Place, within_memory
    from robustag.registry import settings_of
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    test = load_tensors(files.tensors, "test")
    section = settings["certificates"]
    evaluation = settings_of(Evaluation, {**settings["evaluation"], "seed": params.seed}, "evaluation")
    jets = test.sampled(section["jets"])
    (discriminator,) = (d for d in DISCRIMINATORS if d.name == params.discriminator)

    def certified(place: Place) -> pd.DataFrame:
        bench = Bench.load(files.features, files.normalisation, device=place.device)
        boxes = {
            factors: (bench.rule(BudgetSettings.of(settings, factors=factors)), epsilon)
            for factors, epsilon in section["boxes"].items()
        }
        samples = jets.to(place.device), test.to(place.device)
        return certified_rates(bench.model(files.model).network, *samples, boxes, discriminator, evaluation)

    found, place = within_memory(certified, Place.undivided(own_device()))
    write_table(found, snakemake.output.rates)
    log.info("%d test jets, %d rates on %s", len(jets), len(found), place.device)

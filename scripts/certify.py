"""Prove what no perturbation can do to one model, and set the best attack beside it, on the same jets."""

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import BudgetSettings
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.certificates import Certificates, certify
    from robustag.evaluation.settings import Evaluation
    from robustag.files import write_table
    from robustag.memory import Place, within_memory
    from robustag.registry import settings_of
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    test = load_tensors(files.tensors, "test")
    section = {**settings["certificates"], "discriminators": params.discriminators}
    del section["boxes"]  # those of `certify_rates`
    certificates = settings_of(Certificates, section, "certificates")
    evaluation = settings_of(Evaluation, {**settings["evaluation"], "seed": params.seed}, "evaluation")
    jets = test.sampled(certificates.jets)
    seed = derive_seed(params.seed, "certify")

    def certified(place: Place) -> pd.DataFrame:
        bench = Bench.load(files.features, files.normalisation, device=place.device)
        rule = bench.rule(BudgetSettings.of(settings))
        samples = jets.to(place.device), test.to(place.device)
        return certify(bench.model(files.model).network, *samples, rule, certificates, evaluation, seed)

    found, place = within_memory(certified, Place.undivided(own_device()))
    write_table(found, snakemake.output.certificates)
    log.info("%d test jets, %d numbers on %s", len(jets), len(found), place.device)

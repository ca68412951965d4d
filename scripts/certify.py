"""Prove what no perturbation can do to one model, and set the best attack beside it, on the same jets."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import BudgetSettings
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.certificates import certify
    from robustag.files import write_table
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    bench = Bench.load(files.features, files.normalisation)
    model = bench.model(files.model)
    test = load_tensors(files.tensors, "test")
    jets = test.sampled(settings["certificates"]["jets"])
    numbers = {
        **settings["certificates"],
        "discriminators": params.discriminators,
        "mistags": settings["evaluation"]["mistags"],
        "bootstrap": settings["evaluation"]["bootstrap"],
        "seed": params.seed,
    }
    rule = bench.rule(BudgetSettings.of(settings))
    found = certify(model.network, jets, test, rule, numbers, derive_seed(params.seed, "certify"))
    write_table(found, snakemake.output.certificates)
    log.info("%d test jets, %d numbers", len(jets), len(found))

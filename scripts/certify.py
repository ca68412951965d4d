"""Prove what no perturbation can do to one model, and set the best attack beside it, on the same jets."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import BudgetRule, BudgetSettings
    from robustag.evaluation.certificates import certify
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.models import check_features, load_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors, sample_jets

    torch.set_num_threads(snakemake.threads)
    params, settings = snakemake.params, snakemake.params.settings
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    model, card = load_model(snakemake.input.model)
    check_features(card, table.names)
    test = load_tensors(snakemake.input.tensors, "test")
    jets = test.select(sample_jets(test.event, settings["certificates"]["jets"]))
    numbers = {
        **settings["certificates"],
        "discriminators": params.discriminators,
        "mistags": settings["evaluation"]["mistags"],
        "bootstrap": settings["evaluation"]["bootstrap"],
        "seed": params.seed,
    }
    rule = BudgetRule.configured(BudgetSettings.of(settings), table, normalisation)
    found = certify(model, jets, test, rule, numbers, derive_seed(params.seed, "certify"))
    write_table(found, snakemake.output.certificates)
    log.info("%d test jets, %d numbers", len(jets), len(found))

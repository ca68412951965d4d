"""Prove what no perturbation can do to one model, and set the best attack beside it, on the same jets."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import BudgetSettings
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.certificates import Certificates, certify
    from robustag.evaluation.settings import Evaluation
    from robustag.files import write_table
    from robustag.registry import settings_of
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    bench = Bench.load(files.features, files.normalisation)
    model = bench.model(files.model)
    test = load_tensors(files.tensors, "test")
    section = {**settings["certificates"], "discriminators": params.discriminators}
    certificates = settings_of(Certificates, section, "certificates")
    evaluation = settings_of(Evaluation, {**settings["evaluation"], "seed": params.seed}, "evaluation")
    jets = test.sampled(certificates.jets)
    rule = bench.rule(BudgetSettings.of(settings))
    seed = derive_seed(params.seed, "certify")
    found = certify(model.network, jets, test, rule, certificates, evaluation, seed)
    write_table(found, snakemake.output.certificates)
    log.info("%d test jets, %d numbers", len(jets), len(found))

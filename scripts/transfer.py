"""Craft an attack on one model and show it to every model of the same seed."""

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition, check_budget
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.campaign import Baseline
    from robustag.evaluation.settings import Evaluation
    from robustag.files import write_table
    from robustag.registry import settings_of
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    definition = AttackDefinition.of(settings["transfer"]["attack"], settings)
    device = own_device()
    bench = Bench.load(files.features, files.normalisation, files.spread, device=device)
    jets = load_tensors(files.tensors, "test").sampled(settings["transfer"]["jets"])
    seed = derive_seed(params.seed, "transfer")
    attack = bench.sweep(definition, bench.model(files.source), jets, seed=seed)
    crafted = [(epsilon, attack(epsilon)) for epsilon in settings["transfer"]["epsilons"]]
    for epsilon, inputs in crafted:
        check_budget(attack, epsilon, inputs)
    progress = Progress(f"transfer from {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")
    evaluation = settings_of(Evaluation, {**settings["evaluation"], "seed": params.seed}, "evaluation")
    parts = []
    for name, path in zip(params.targets, files.targets, strict=True):
        target = bench.model(path)
        baseline = Baseline(target.network, jets, bench.normalisation, evaluation, loss=target.loss)
        measured = baseline.sweep(crafted, "transfer", definition.info.name)
        aucs = measured.metrics[measured.metrics["metric"] == "auc"].copy()
        aucs.insert(0, "target", name)
        parts.append(aucs)
        progress(f"to {name}")
    write_table(pd.concat(parts, ignore_index=True), snakemake.output.transfer)
    log.info("%d test jets, %d models on %s", len(jets), len(parts), device)

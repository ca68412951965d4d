"""Craft an attack on one model and show it to every model of the same seed."""

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition, BudgetRule, Spread, Sweep, audit
    from robustag.evaluation.campaign import run_sweep
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.models import check_features, load_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors, sample_jets
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, settings = snakemake.params, snakemake.params.settings
    definition = AttackDefinition.of(settings["transfer"]["attack"], settings)
    epsilons = settings["transfer"]["epsilons"]
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    source, card = load_model(snakemake.input.source)
    check_features(card, table.names)
    jets = load_tensors(snakemake.input.tensors, "test")
    jets = jets.select(sample_jets(jets.event, settings["transfer"]["jets"]))
    spread = Spread.load(snakemake.input.spread)
    rule = BudgetRule.configured(definition.budget, table, normalisation, spread)
    seed = derive_seed(params.seed, "transfer")
    case = (jets.inputs, jets.missing, jets.label, rule)
    attack = Sweep(definition, source, build_loss(card["loss"]), *case, seed=seed)
    crafted = [(epsilon, attack(epsilon)) for epsilon in epsilons]
    for epsilon, inputs in crafted:
        audit(attack, epsilon, inputs)
    progress = Progress(f"transfer from {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")
    evaluation = {**settings["evaluation"], "seed": params.seed}
    measured_as = (jets, normalisation, evaluation, "transfer", definition.info.name)
    parts = []
    for name, path in zip(params.targets, snakemake.input.targets, strict=True):
        target, trained = load_model(path)
        measured = run_sweep(target, crafted, *measured_as, loss=build_loss(trained["loss"]))
        aucs = measured.metrics[measured.metrics["metric"] == "auc"].copy()
        aucs.insert(0, "target", name)
        parts.append(aucs)
        progress(f"to {name}")
    write_table(pd.concat(parts, ignore_index=True), snakemake.output.transfer)
    log.info("%d test jets, %d models", len(jets), len(parts))

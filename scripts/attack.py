"""Attack one trained model with one attack at every epsilon, measure it each time, and audit it."""

from collections.abc import Iterator

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
    params, settings, name = snakemake.params, snakemake.params.settings, snakemake.wildcards.attack
    definition = AttackDefinition.of(params.attack, settings)
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    model, card = load_model(snakemake.input.model)
    check_features(card, table.names)
    crafted_on = [load_model(path) for path in snakemake.input.source]
    test = load_tensors(snakemake.input.tensors, "test")
    few = definition.jets
    jets = test.select(sample_jets(test.event, few)) if few else test
    # A transferred attack raises the loss of the model it is crafted on.
    loss = build_loss(definition.loss or (crafted_on[0][1] if crafted_on else card)["loss"])
    spread = Spread.load(snakemake.input.spread)
    rule = BudgetRule.configured(definition.budget, table, normalisation, spread)
    # One seed for all models: they meet the same noise.
    seed = derive_seed(params.seed, "attack", name)
    case = (jets.inputs, jets.missing, jets.label, rule)
    attack = Sweep(definition, model, loss, *case, seed=seed, sources=tuple(m for m, _ in crafted_on))
    audited, rows = [], sample_jets(jets.event, settings["audit"]["jets"])

    def perturbed() -> Iterator[tuple[float, torch.Tensor]]:
        for epsilon in settings["epsilons"]:
            inputs = attack(epsilon)
            audited.append(audit(attack, epsilon, inputs, rows))
            yield epsilon, inputs

    progress = Progress(f"attack {snakemake.wildcards.model} seed {snakemake.wildcards.seed} {name}")
    tables = run_sweep(
        model,
        perturbed(),
        jets,
        normalisation,
        {**settings["evaluation"], "seed": params.seed},
        "attack",
        name,
        progress=lambda epsilon: progress(f"epsilon {epsilon:g}"),
        reference=test if few else None,
        loss=build_loss(card["loss"]),
    )
    tables.save(dict(snakemake.output.items()))
    write_table(pd.DataFrame(audited).assign(perturbation=name), snakemake.output.audit)
    log.info("%d test jets, %d numbers; audit: %s", len(jets), len(tables.metrics), audited[-1])

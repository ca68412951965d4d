"""Attack one trained model with one attack at every epsilon, measure it each time, and audit it."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition, Auditor
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.campaign import Baseline
    from robustag.evaluation.settings import Evaluation
    from robustag.evaluation.tables import Assessment
    from robustag.files import write_table
    from robustag.registry import settings_of
    from robustag.tensors.loading import load_tensors, sample_jets

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    made = {table: snakemake.output[table] for table in Assessment.names()}
    name = snakemake.wildcards.attack
    definition = AttackDefinition.of(params.attack, settings)
    device = own_device()
    bench = Bench.load(files.features, files.normalisation, files.spread, device=device)
    model = bench.model(files.model)
    test = load_tensors(files.tensors, "test")
    jets = test.sampled(definition.jets) if definition.jets else test
    # One seed for all models: they meet the same noise.
    seed = derive_seed(params.seed, "attack", name)
    attack = bench.sweep(definition, model, jets, seed=seed, sources=[*map(bench.model, files.source)])
    evaluation = settings_of(Evaluation, {**settings["evaluation"], "seed": params.seed}, "evaluation")
    audited, audit = [], Auditor(attack, sample_jets(jets.event, settings["audit"]["jets"]))

    def perturbed() -> Iterator[tuple[float, torch.Tensor]]:
        for epsilon in settings["epsilons"]:
            inputs = attack(epsilon)
            audited.append(audit(epsilon, inputs))
            yield epsilon, inputs
            # Before the next ones are made.
            del inputs

    progress = Progress(f"attack {snakemake.wildcards.model} seed {snakemake.wildcards.seed} {name}")
    baseline = Baseline(
        model.network,
        jets,
        bench.normalisation,
        evaluation,
        reference=test if definition.jets else None,
        loss=model.loss,
    )
    tables = baseline.sweep(
        perturbed(), "attack", name, progress=lambda epsilon: progress(f"epsilon {epsilon:g}")
    )
    tables.save(made)
    write_table(pd.DataFrame(audited).assign(perturbation=name), snakemake.output.audit)
    found = len(tables.metrics), device, audited[-1]
    log.info("%d test jets, %d numbers on %s; audit: %s", len(jets), *found)

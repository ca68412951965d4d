"""AUC of one model under attacks on each group of inputs alone, and on all inputs but those."""

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.groups import group_aucs
    from robustag.evaluation.settings import Evaluation
    from robustag.files import write_table
    from robustag.registry import settings_of
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    bench = Bench.load(files.features, files.normalisation, files.spread, device=own_device())
    model = bench.model(files.model)
    jets = load_tensors(files.tensors, "test").sampled(settings["groups"]["jets"])
    evaluation = settings_of(Evaluation, {**settings["evaluation"], "seed": params.seed}, "evaluation")
    progress = Progress(f"groups {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")
    found = []
    for name, document in params.attacks.items():
        definition = AttackDefinition.of(document, settings)
        # The same noise for all models, as of rule attack.
        seed = derive_seed(params.seed, "attack", name)
        case = params.epsilon, params.discriminators, evaluation, seed
        found.append(group_aucs(bench, definition, model, jets, *case).assign(attack=name))
        progress(name)
    write_table(pd.concat(found, ignore_index=True), snakemake.output.groups)
    log.info("%d test jets, %d attacks", len(jets), len(found))

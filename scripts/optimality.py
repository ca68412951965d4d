"""Follow some attacks on one model pass by pass, and compare each with the best of them all."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import AttackDefinition
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.optimality import optimality
    from robustag.files import write_table
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    section = settings["optimality"]
    bench = Bench.load(files.features, files.normalisation, files.spread)
    definitions = {name: AttackDefinition.of(each, settings) for name, each in params.attacks.items()}
    model = bench.model(files.model)
    table = optimality(
        model.network,
        model.loss,
        load_tensors(files.tensors, "test").sampled(section["jets"]),
        {name: (definition, bench.rule(definition.budget)) for name, definition in definitions.items()},
        section["epsilon"],
        section["measures"],
        derive_seed(params.seed, "optimality"),
    )
    write_table(table, snakemake.output.optimality)
    log.info("%d attacks, %d points", len(definitions), len(table))

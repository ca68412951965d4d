"""How far attacked inputs are from clean ones, for some attacks on one model."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    from dataclasses import replace

    import torch

    from robustag.attacks import AttackDefinition, audit
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.distances import measure_all
    from robustag.files import write_table
    from robustag.tensors.loading import JetTensors, load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    bench = Bench.load(files.features, files.normalisation, files.spread)
    model = bench.model(files.model)
    jets = load_tensors(files.tensors, "test").sampled(settings["distances"]["jets"])
    progress = Progress(f"distances {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")

    def attacked() -> Iterator[tuple[str, str, float, JetTensors]]:
        for name, document in params.attacks.items():
            definition = AttackDefinition.of(document, settings)
            # The seed of rule attack: the same noise.
            attack = bench.sweep(definition, model, jets, seed=derive_seed(params.seed, "attack", name))
            for epsilon in settings["distances"]["epsilons"]:
                inputs = attack(epsilon)
                audit(attack, epsilon, inputs)
                yield "attack", name, epsilon, replace(jets, inputs=inputs)
            progress(name)

    found = measure_all(jets, attacked(), bench.table.names, derive_seed(params.seed, "distances"))
    write_table(found, snakemake.output.distances)
    log.info("%d test jets, %d numbers", len(jets), len(found))

"""How far attacked inputs are from clean ones, for some attacks on one model."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    from dataclasses import replace

    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition, check_budget
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.distances import Tagger, measure_all
    from robustag.files import write_table
    from robustag.tensors.loading import JetTensors, load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    device = own_device()
    bench = Bench.load(files.features, files.normalisation, files.spread, device=device)
    model = bench.model(files.model)
    test = load_tensors(files.tensors, "test")
    progress = Progress(f"distances {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")

    def attacked() -> Iterator[tuple[str, str, float, JetTensors, JetTensors]]:
        definitions = {name: AttackDefinition.of(one, settings) for name, one in params.attacks.items()}
        samples = {
            number: test.sampled(number) if number else test
            for number in {one.jets for one in definitions.values()}
        }
        # Attacks on the same jets in a row: clean jets are prepared once.
        for name, definition in sorted(definitions.items(), key=lambda item: item[1].jets or 0):
            # The jets and the seed of rule attack: the same noise.
            jets = samples[definition.jets]
            attack = bench.sweep(definition, model, jets, seed=derive_seed(params.seed, "attack", name))
            for epsilon in settings["distances"]["epsilons"]:
                inputs = attack(epsilon)
                check_budget(attack, epsilon, inputs)
                yield "attack", name, epsilon, jets, replace(jets, inputs=inputs.cpu())
            progress(name)

    seed = derive_seed(params.seed, "distances")
    taggers = [Tagger.at(model.network, *params.tagged_at, test)] if params.joint else []
    found = pd.concat(measure_all(attacked(), bench.table.names, seed, params.joint, taggers))
    write_table(found, snakemake.output.distances)
    log.info("%d test jets, %d numbers, attacks on %s", len(test), len(found), device)

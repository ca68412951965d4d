"""How far attacked inputs are from clean ones, for some attacks on one model."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    from dataclasses import replace

    import torch

    from robustag.attacks import AttackDefinition, BudgetRule, Spread, Sweep, audit
    from robustag.evaluation.distances import measure_all
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.models import check_features, load_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors, load_tensors, sample_jets
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, settings = snakemake.params, snakemake.params.settings
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    spread = Spread.load(snakemake.input.spread)
    model, card = load_model(snakemake.input.model)
    check_features(card, table.names)
    test = load_tensors(snakemake.input.tensors, "test")
    jets = test.select(sample_jets(test.event, settings["distances"]["jets"]))
    case = (jets.inputs, jets.missing, jets.label)
    progress = Progress(f"distances {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")

    def attacked() -> Iterator[tuple[str, str, float, JetTensors]]:
        for name, document in params.attacks.items():
            definition = AttackDefinition.of(document, settings)
            rule = BudgetRule.configured(definition.budget, table, normalisation, spread)
            loss = build_loss(definition.loss or card["loss"])
            # The seed of rule attack: the same noise.
            seed = derive_seed(params.seed, "attack", name)
            attack = Sweep(definition, model, loss, *case, rule, seed=seed)
            for epsilon in settings["distances"]["epsilons"]:
                inputs = attack(epsilon)
                audit(attack, epsilon, inputs)
                yield "attack", name, epsilon, replace(jets, inputs=inputs)
            progress(name)

    found = measure_all(jets, attacked(), table.names, derive_seed(params.seed, "distances"))
    write_table(found, snakemake.output.distances)
    log.info("%d test jets, %d numbers", len(jets), len(found))

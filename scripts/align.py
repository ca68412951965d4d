"""Compare where an attack moves single jets with where the study's mismodellings move them."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import AttackDefinition, BudgetRule, Spread, Sweep
    from robustag.evaluation.bootstrap import event_weights
    from robustag.evaluation.parts import Scores, effects
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.mismodelling.alignment import alignment, spans
    from robustag.mismodelling.displacements import Displacement
    from robustag.models import load_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, settings = snakemake.params, snakemake.params.settings["evaluation"]
    table = FeatureTable.load(snakemake.input.features)
    model, card = load_model(snakemake.input.model)
    samples = {name: load_tensors(snakemake.input[name], "test") for name in ["nominal", *params.variations]}
    jets = samples["nominal"]
    weights = {
        name: event_weights(sample.event.numpy(), settings["bootstrap"], params.seed)
        for name, sample in samples.items()
    }
    definition = AttackDefinition.of(params.attack, params.settings)
    normalisation, spread = (
        Normalisation.load(snakemake.input.normalisation),
        Spread.load(snakemake.input.spread),
    )
    rule = BudgetRule.configured(definition.budget, table, normalisation, spread)
    loss = build_loss(definition.loss or card["loss"])
    case = (jets.inputs, jets.missing, jets.label, rule)
    sweep = Sweep(definition, model, loss, *case, seed=derive_seed(params.seed, "align"))
    moves = sweep(params.epsilon) - jets.inputs
    attack = Displacement.of(moves, jets, weights["nominal"])
    scenarios = {
        name: Displacement.between(jets, samples[name], rule.integer, (weights["nominal"], weights[name]))
        for name in params.variations
    }
    cosines = alignment(attack, scenarios, jets.label, weights["nominal"])
    parts = spans(attack, scenarios, jets, derive_seed(params.seed, "align", "random"))
    scores = Scores(model, jets, weights["nominal"], params.discriminators)
    shares = effects(scores, moves, parts, jets.inputs)
    write_table(cosines, snakemake.output.alignment)
    write_table(shares, snakemake.output.spans)
    log.info("%d jets, %d variations: %d cosines", len(jets), len(scenarios), len(cosines))

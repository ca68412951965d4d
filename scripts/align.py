"""Compare where an attack moves single jets with where the study's mismodellings move them."""

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import AttackDefinition
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.bootstrap import replicas
    from robustag.evaluation.parts import Scores, effects
    from robustag.files import write_table
    from robustag.mismodelling.alignment import alignment, spans
    from robustag.mismodelling.displacements import Displacement
    from robustag.tensors.loading import load_tensors, load_variation

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    device = own_device()
    bench = Bench.load(files.features, files.normalisation, files.spread, device=device)
    model = bench.model(files.model)
    jets = load_tensors(files.nominal, "test")
    samples = {"nominal": jets} | {
        name: load_variation(name, files.get(name), jets, files.nominal, "test") for name in params.variations
    }
    weights = {
        name: replicas(
            sample.event.numpy(),
            sample.event_weight.numpy(),
            settings["evaluation"]["bootstrap"],
            params.seed,
        )
        for name, sample in samples.items()
    }
    definition = AttackDefinition.of(params.attack, settings)
    sweep = bench.sweep(definition, model, jets, seed=derive_seed(params.seed, "align"))
    moves = sweep(params.epsilon).cpu() - jets.inputs
    attack = Displacement.of(moves, jets, weights["nominal"])
    integer = bench.rule(definition.budget).integer.cpu()
    scenarios = {
        name: Displacement.between(jets, samples[name], integer, (weights["nominal"], weights[name]))
        for name in params.variations
    }
    cosines = alignment(attack, scenarios, jets.label, weights["nominal"])
    parts = spans(attack, scenarios, jets, derive_seed(params.seed, "align", "random"))
    scores = Scores(model.network, jets, weights["nominal"], params.discriminators)
    shares = effects(scores, moves, parts, jets.inputs)
    write_table(cosines, snakemake.output.alignment)
    write_table(shares, snakemake.output.spans)
    log.info("%d jets, %d variations on %s: %d cosines", len(jets), len(scenarios), device, len(cosines))

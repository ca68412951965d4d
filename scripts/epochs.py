"""Measure the weights of chosen epochs of a training: raw, under noise, and under the figures' attack."""

from pathlib import Path

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition, BudgetRule, Spread, Sweep
    from robustag.evaluation.epochs import Shown, measure_epoch
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.models import load_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors, sample_jets
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, settings, epsilon = snakemake.params, snakemake.params.settings, snakemake.params.epsilon
    jets = load_tensors(snakemake.input.tensors, "test")
    jets = jets.select(sample_jets(jets.event, settings["epochs"]["jets"]))
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    spread = Spread.load(snakemake.input.spread)

    def perturbed(name: str, model: torch.nn.Module, card: dict) -> torch.Tensor:
        definition = AttackDefinition.of(params.perturbations[name], settings)
        rule = BudgetRule.configured(definition.budget, table, normalisation, spread)
        loss = build_loss(definition.loss or card["loss"])
        seed = derive_seed(params.seed, "attack", name)
        return Sweep(definition, model, loss, jets.inputs, jets.missing, jets.label, rule, seed=seed)(epsilon)

    attack, noise = params.perturbations
    references = dict(zip(params.references, map(load_model, snakemake.input.references), strict=True))
    # Noise asks no model, and any will do.
    noisy = perturbed(noise, *next(iter(references.values())))
    same_for_all = [
        Shown("none", "", "raw", 0.0, jets.inputs),
        Shown("none", "", noise, epsilon, noisy),
        *(
            Shown("reference", name, attack, epsilon, perturbed(attack, *reference))
            for name, reference in references.items()
        ),
    ]
    folder = Path(snakemake.input.snapshots)
    models = [load_model(path) for path in (*folder.glob("epoch*.safetensors"), folder / "last.safetensors")]
    parts = []
    # The last epoch may be among the chosen ones too.
    for epoch, (model, card) in sorted({card["epoch"]: (model, card) for model, card in models}.items()):
        own = Shown("self", "", attack, epsilon, perturbed(attack, model, card))
        evaluation = {"bootstrap": params.bootstrap, "seed": params.seed}
        parts.append(measure_epoch(model, epoch, [*same_for_all, own], jets, evaluation))
        log.info("epoch %d measured on %d jets", epoch, len(jets))
    write_table(pd.concat(parts, ignore_index=True), snakemake.output.epochs)

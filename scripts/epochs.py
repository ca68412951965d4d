"""Measure the weights of chosen epochs of a training: raw, under noise, and under the figures' attack."""

from pathlib import Path

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition
    from robustag.evaluation.bench import Bench, Trained
    from robustag.evaluation.epochs import Shown, measure_epoch
    from robustag.files import write_table
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    epsilon = params.epsilon
    device = own_device()
    bench = Bench.load(files.features, files.normalisation, files.spread, device=device)
    jets = load_tensors(files.tensors, "test").sampled(settings["epochs"]["jets"])

    def perturbed(name: str, model: Trained) -> torch.Tensor:
        definition = AttackDefinition.of(params.perturbations[name], settings)
        return bench.sweep(definition, model, jets, seed=derive_seed(params.seed, "attack", name))(epsilon)

    attack, noise = params.perturbations
    references = dict(zip(params.references, map(bench.model, files.references), strict=True))
    # Noise asks no model, and any will do.
    noisy = perturbed(noise, next(iter(references.values())))
    same_for_all = [
        Shown("none", "", "raw", 0.0, jets.inputs),
        Shown("none", "", noise, epsilon, noisy),
        *(
            Shown("reference", name, attack, epsilon, perturbed(attack, reference))
            for name, reference in references.items()
        ),
    ]
    folder = Path(files.snapshots)
    models = [bench.model(path) for path in (*folder.glob("epoch*.safetensors"), folder / "last.safetensors")]
    parts = []
    # The last epoch may be among the chosen ones too.
    for epoch, model in sorted({model.card["epoch"]: model for model in models}.items()):
        own = Shown("self", "", attack, epsilon, perturbed(attack, model))
        shown = [*same_for_all, own]
        replicates = {"bootstrap": params.bootstrap, "seed": params.seed}
        parts.append(measure_epoch(model.network, epoch, shown, jets, **replicates))
        log.info("epoch %d measured on %d jets on %s", epoch, len(jets), device)
    write_table(pd.concat(parts, ignore_index=True), snakemake.output.epochs)

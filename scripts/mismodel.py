"""Show one trained model one mis-modelling at every strength, and measure it each time."""

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(snakemake) as log:
    import torch

    from robustag.evaluation.campaign import run_sweep, run_varied
    from robustag.features import FeatureTable
    from robustag.mismodelling import perturb
    from robustag.models import load_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, name = snakemake.params, snakemake.wildcards.scenario
    normalisation = Normalisation.load(snakemake.input.normalisation)
    model, card = load_model(snakemake.input.model)
    loss = build_loss(card["loss"])
    jets = load_tensors(snakemake.input.tensors, "test")
    settings = {**params.settings["evaluation"], "seed": params.seed}
    if params.scenario["kind"] == "resimulated":
        varied = load_tensors(snakemake.input.varied, "test")
        tables = run_varied(model, jets, varied, normalisation, settings, "scenario", name, loss=loss)
    else:
        perturbed = perturb(
            params.scenario,
            jets,
            FeatureTable.load(snakemake.input.features),
            normalisation,
            relative_cap=params.settings["relative_cap"],
            # One seed for all models: they meet the same smearing.
            seed=derive_seed(params.seed, "mismodel", name),
        )
        progress = Progress(f"mismodel {snakemake.wildcards.model} seed {snakemake.wildcards.seed} {name}")
        tables = run_sweep(
            model,
            perturbed,
            jets,
            normalisation,
            settings,
            "scenario",
            name,
            progress=lambda strength: progress(f"strength {strength:g}"),
            loss=loss,
        )
    tables.save(dict(snakemake.output.items()))
    log.info("%d test jets, %d numbers", len(jets), len(tables.metrics))

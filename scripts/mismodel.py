"""Show one trained model every mis-modelling of the study, and measure it each time."""

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import torch

    from robustag.evaluation.campaign import run_sweep, run_varied
    from robustag.evaluation.tables import Assessment
    from robustag.features import FeatureTable
    from robustag.mismodelling import perturb
    from robustag.mismodelling.composition import compose
    from robustag.models import load_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, files = snakemake.params, snakemake.input
    table = FeatureTable.load(files.features)
    normalisation = Normalisation.load(files.normalisation)
    model, card = load_model(files.model)
    loss = build_loss(card["loss"])
    jets = load_tensors(files.tensors, "test")
    settings = {**params.settings["evaluation"], "seed": params.seed}
    progress = Progress(f"mismodel {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")

    def measure(name: str, scenario: dict) -> Assessment:
        progress(name)
        # One seed for all models: they meet the same smearing.
        seed, rows = derive_seed(params.seed, "mismodel", name), ("scenario", name)
        if scenario["kind"] == "resimulated":
            varied = load_tensors(files[scenario["variation"]], "test")
            # Changed records exist for some of the jets only, and are compared with the same ones.
            few = scenario["variation"] in params.records
            clean = load_tensors(files.paired, "test") if few else jets
            reference = jets if few else None
            return run_varied(
                model, clean, varied, normalisation, settings, *rows, reference=reference, loss=loss
            )
        if scenario["kind"] == "composition":
            kept = jets.select(compose(scenario, jets, seed))
            return run_varied(model, jets, kept, normalisation, settings, *rows, loss=loss)
        cap = params.settings["relative_cap"]
        perturbed = perturb(scenario, jets, table, normalisation, relative_cap=cap, seed=seed)
        return run_sweep(model, perturbed, jets, normalisation, settings, *rows, loss=loss)

    tables = Assessment.concatenate([measure(*entry) for entry in params.scenarios.items()])
    tables.save(dict(snakemake.output.items()))
    log.info("%d test jets, %d numbers", len(jets), len(tables.metrics))

"""Train one model with one seed; a killed job goes on from its last checkpoint."""

from pathlib import Path

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device
from robustag.workflow.progress import Progress
from robustag.workflow.provenance import data_fingerprint, provenance

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import BudgetRule, Spread
    from robustag.classes import CLASSES
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.models import Inputs
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors
    from robustag.training import TrainingFiles, open_feed, save_snapshots, train_model, training_budget

    torch.set_num_threads(snakemake.threads)
    device = own_device()
    params, wildcards = snakemake.params, snakemake.wildcards
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    names = params.model["recipe"].get("variations", ())
    varied = dict(zip(names, snakemake.input.varied, strict=True))
    files = TrainingFiles.open(snakemake.input.tensors, varied, snakemake.input.teachers, device)
    validation = load_tensors(snakemake.input.tensors, "validation")
    # The rest of the job's memory is for the validation jets, the network and the libraries.
    train = open_feed(files, torch.device(device), memory=0.5e6 * snakemake.resources.mem_mb)
    where = type(train).__name__.lower()
    log.info("%d training (%s) and %d validation jets on %s", len(train), where, len(validation), device)
    cap = params.settings["relative_cap"]
    spread = Spread.load(snakemake.input.spread) if snakemake.input.spread else None
    budget = training_budget(params.model["recipe"], cap)
    rule = BudgetRule.configured(budget, table, normalisation, spread)
    inputs = Inputs.of(table, normalisation)
    # The model's name stays out of the seed: two recipes of one seed start from the same weights.
    seed = derive_seed(params.seed, "train", int(wildcards.seed))
    progress = Progress(f"train {wildcards.model} seed {wildcards.seed}")

    def show(row: dict) -> None:
        progress(f"epoch {row['epoch']}, BvL AUC {row['validation_auc_bvl']:.4f}")

    checkpoint = Path(snakemake.output.model).with_suffix(".checkpoint")
    made = provenance(seed=seed)
    made_by = [params.model, params.settings, params.code, params.network, params.recipe_code, made]
    data = [*vars(normalisation).values(), *files.arrays(), *vars(validation).values()]
    trained = train_model(
        params.model,
        train,
        validation,
        rule,
        validation_rule=BudgetRule.of(table, normalisation, relative_cap=cap),
        settings=params.settings["training"],
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        fingerprint=data_fingerprint(*made_by, *data),
        progress=show,
        inputs=inputs,
    )
    card = {**params.model, **inputs.card(), "classes": len(CLASSES), "provenance": made}
    evaluated = params.settings["training"]["evaluated"]
    save_snapshots(Path(snakemake.output.model), trained.snapshots, card, evaluated)
    write_table(trained.history, snakemake.output.history)
    checkpoint.unlink(missing_ok=True)
    log.info("last epoch: %s", trained.history.iloc[-1].to_dict())

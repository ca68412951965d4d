"""Train one model with one seed; a killed job goes on from its last checkpoint."""

from pathlib import Path

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress
from robustag.workflow.provenance import data_fingerprint, provenance

with job(snakemake) as log:
    import torch

    from robustag.attacks import BudgetRule
    from robustag.classes import CLASSES
    from robustag.features import FeatureTable
    from robustag.files import written_whole
    from robustag.models import Inputs, save_model
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetShards, load_tensors
    from robustag.training import open_feed, train_model

    torch.set_num_threads(snakemake.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    params, wildcards = snakemake.params, snakemake.wildcards
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    shards = JetShards(snakemake.input.tensors, "train")
    validation = load_tensors(snakemake.input.tensors, "validation")
    # The rest of the job's memory is for the validation jets, the network and the libraries.
    train = open_feed(shards, torch.device(device), memory=0.5e6 * snakemake.resources.mem_mb)
    where = type(train).__name__.lower()
    log.info("%d training (%s) and %d validation jets on %s", len(train), where, len(validation), device)
    inputs = Inputs.of(table, normalisation)
    rule = BudgetRule.of(table, normalisation, relative_cap=params.settings["relative_cap"])
    # The model's name stays out of the seed: two recipes of one seed start from the same weights.
    seed = derive_seed(params.seed, "train", int(wildcards.seed))
    epochs = params.model["optimiser"]["epochs"]
    progress = Progress(f"train {wildcards.model} seed {wildcards.seed}")

    def show(row: dict) -> None:
        progress(f"epoch {row['epoch']} of {epochs}, BvL AUC {row['validation_auc_bvl']:.4f}")

    checkpoint = Path(snakemake.output.model).with_suffix(".checkpoint")
    made_by = [params.model, params.settings, params.code, params.network, provenance(seed=seed)]
    made_of = data_fingerprint(
        *made_by, *vars(normalisation).values(), *shards.arrays(), *vars(validation).values()
    )
    model, history = train_model(
        params.model,
        train,
        validation,
        rule,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        fingerprint=made_of,
        progress=show,
        inputs=inputs,
    )
    card = {
        **params.model,
        **inputs.card(),
        "classes": len(CLASSES),
        "provenance": provenance(seed=seed),
    }
    save_model(snakemake.output.model, model, card)
    with written_whole(snakemake.output.history) as temporary:
        history.to_csv(temporary, index=False)
    checkpoint.unlink(missing_ok=True)
    log.info("last epoch: %s", history.iloc[-1].to_dict())

"""Attack one trained model with one attack at every epsilon, and measure it each time."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(snakemake) as log:
    import torch

    from robustag.attacks import BudgetRule, audit, sweep
    from robustag.evaluation.campaign import run_sweep
    from robustag.features import FeatureTable
    from robustag.models import load_model
    from robustag.tensors import Normalisation, load_tensors
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, name = snakemake.params, snakemake.wildcards.attack
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    model, card = load_model(snakemake.input.model)
    jets = load_tensors(snakemake.input.tensors, "test")
    loss = build_loss(params.attack.get("loss", card["loss"]))
    rule = BudgetRule.of(
        table,
        normalisation,
        factors=params.attack["factors"],
        relative_cap=params.settings["relative_cap"],
    )
    # One seed for all models: they meet the same noise.
    seed = derive_seed(params.seed, "attack", name)
    case = (model, loss, jets.inputs, jets.missing, jets.label, rule)
    epsilons = params.settings["epsilons"]
    perturbed = sweep(params.attack, *case, epsilons, seed=seed)

    def audited() -> Iterator[tuple[float, torch.Tensor]]:
        for epsilon, inputs in perturbed:
            if epsilon == max(epsilons):
                log.info("audit: %s", audit(params.attack["name"], epsilon, inputs, *case))
            yield epsilon, inputs

    progress = Progress(f"attack {snakemake.wildcards.model} seed {snakemake.wildcards.seed} {name}")
    settings = {**params.settings["evaluation"], "seed": params.seed}
    tables = run_sweep(
        model,
        audited(),
        jets,
        normalisation,
        settings,
        "attack",
        name,
        progress=lambda epsilon: progress(f"epsilon {epsilon:g}"),
    )
    tables.save(snakemake.output.metrics, snakemake.output.curves, snakemake.output.histograms)
    log.info("%d test jets, %d numbers", len(jets), len(tables.metrics))

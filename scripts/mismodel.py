"""Show one trained model every mis-modelling of the study, and measure it each time."""

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import torch

    from robustag.evaluation.bench import Bench
    from robustag.evaluation.campaign import Baseline
    from robustag.evaluation.settings import Evaluation
    from robustag.evaluation.tables import Assessment
    from robustag.evaluation.weighted import effective_shares, too_few
    from robustag.mismodelling import keeps_jets, mismodelled
    from robustag.registry import settings_of
    from robustag.tensors.loading import JetTensors, load_tensors, load_variation

    torch.set_num_threads(snakemake.threads)
    params, files = snakemake.params, snakemake.input
    made = {table: snakemake.output[table] for table in Assessment.names()}
    device = own_device()
    bench = Bench.load(files.features, files.normalisation, device=device)
    model = bench.model(files.model)
    jets = load_tensors(files.tensors, "test")
    evaluation = settings_of(Evaluation, {**params.settings["evaluation"], "seed": params.seed}, "evaluation")
    progress = Progress(f"mismodel {snakemake.wildcards.model} seed {snakemake.wildcards.seed}")

    def variation(name: str) -> JetTensors:
        return load_variation(name, files.get(name), jets, files.tensors, "test")

    def inputs_of(sample: tuple[float, JetTensors]) -> tuple[float, torch.Tensor]:
        # By `map`, which unlike a loop keeps no sample while the next one is made.
        strength, changed = sample
        return strength, changed.inputs

    def baseline(clean: JetTensors, reference: JetTensors | None = None) -> Baseline:
        return Baseline(model.network, clean, bench.normalisation, evaluation, reference, loss=model.loss)

    whole = baseline(jets)
    # Changed records exist for some of the jets only, and are compared with the same ones.
    few = baseline(load_tensors(files.paired, "test"), jets) if params.records else whole

    def measure(name: str, scenario: dict) -> Assessment:
        progress(name)
        samples = mismodelled(
            scenario,
            jets,
            variation,
            bench.table,
            bench.normalisation,
            relative_cap=params.settings["relative_cap"],
            # One seed for all models: they meet the same smearing.
            seed=derive_seed(params.seed, "mismodel", name),
        )
        if keeps_jets(scenario):
            return whole.sweep(map(inputs_of, samples), "scenario", name)
        ((_, varied),) = samples
        compared = few if scenario.get("variation") in params.records else whole
        return compared.varied(varied, "scenario", name)

    tables = Assessment.concatenate([measure(*entry) for entry in params.scenarios.items()])
    tables.save(made)
    shares = effective_shares(tables.metrics, params.weights)
    log.info("share of the jets that weights leave: %s", {name: round(n, 3) for name, n in shares.items()})
    for line in too_few(shares):
        log.warning("%s", line)
    log.info("%d test jets, %d numbers on %s", len(jets), len(tables.metrics), device)

"""Measure what one trained model makes of pseudo-data: true rates, and agreement with simulation."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.evaluation import VARIED
    from robustag.evaluation.agreement import Sample, compare, scores
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.campaign import predict
    from robustag.evaluation.pseudo_data import apart, halves, true_rates
    from robustag.evaluation.settings import Evaluation
    from robustag.files import write_table
    from robustag.registry import settings_of
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params = snakemake.input, snakemake.params
    settings = {**params.settings["evaluation"], "seed": params.seed}
    evaluation = settings_of(Evaluation, settings, "evaluation")
    network = Bench.load(files.features, files.normalisation).model(files.model).network
    jets = {
        step: load_tensors(paths, "test") for step, paths in ((0.0, files.simulation), (VARIED, files.data))
    }
    logits = {step: predict(network, own.inputs) for step, own in jets.items()}
    write_table(true_rates(logits, jets, evaluation), snakemake.output.rates)

    both = jets[VARIED], jets[0.0]
    edges = evaluation.bins["pt"]
    samples = (Sample.of(each, edges, evaluation.bootstrap, params.seed) for each in apart(*both))
    of_data, of_simulation = halves(*both)
    quantities = scores(logits[VARIED][of_data], logits[0.0][of_simulation])
    _, agreement = compare(*samples, quantities, edges)
    write_table(agreement, snakemake.output.agreement)
    log.info("%d jets of pseudo-data, %d of simulation", *map(len, both))

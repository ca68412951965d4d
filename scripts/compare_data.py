"""Compare what one trained model makes of data with what it makes of simulation."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.evaluation.agreement import Sample, compare, scores
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.campaign import predict
    from robustag.files import write_table
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, evaluation = snakemake.input, snakemake.params, snakemake.params.settings["evaluation"]
    model = Bench.load(files.features, files.normalisation).model(files.model)
    jets = [load_tensors(paths, "test") for paths in (files.data, files.simulation)]
    edges = evaluation["bins"]["pt"]
    data, simulation = (Sample.of(each, edges, evaluation["bootstrap"], params.seed) for each in jets)
    quantities = scores(*(predict(model.network, each.inputs) for each in jets))
    histograms, agreement = compare(data, simulation, quantities, edges)
    write_table(histograms, snakemake.output.histograms)
    write_table(agreement, snakemake.output.agreement)
    log.info("%d jets of data, %d of simulation", *map(len, jets))

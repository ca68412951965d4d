"""Compare the inputs of pseudo-data with those of simulation; no model is involved."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.agreement import Sample, compare, inputs
    from robustag.evaluation.pseudo_data import apart
    from robustag.files import write_table
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors

    files, params, evaluation = snakemake.input, snakemake.params, snakemake.params.settings["evaluation"]
    jets = apart(*(load_tensors(paths, "test") for paths in (files.data, files.simulation)))
    edges = evaluation["bins"]["pt"]
    samples = (Sample.of(each, edges, evaluation["bootstrap"], params.seed) for each in jets)
    quantities = inputs(*jets, Normalisation.load(files.normalisation), evaluation["inputs"])
    _, agreement = compare(*samples, quantities, edges)
    write_table(agreement, snakemake.output.agreement)
    log.info("%d jets of pseudo-data, %d of simulation", *map(len, jets))

"""Fit the scaling of the inputs and the kinematic weights on the training jets of all chunks."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.features import FeatureTable
    from robustag.tensors import Normalisation, Sketch, Summary, WeightMap, check_sources, find_repeats, merge

    bins, accepted = (snakemake.params.settings[name] for name in ("weights", "repeated_jets"))
    repeats = find_repeats([Sketch.load(path) for path in snakemake.input.sketches], snakemake.params.files)
    for line in repeats.check(accepted):
        log.warning(line)
    table = FeatureTable.load(snakemake.input.features)
    parts: dict[str, list[Summary]] = {}
    for source, path in zip(snakemake.params.files, snakemake.input.summaries, strict=True):
        parts.setdefault(source, []).append(Summary.load(path))
    check_sources({source: merge(chunks) for source, chunks in parts.items()}, table.names)
    summary = merge(chunk for chunks in parts.values() for chunk in chunks)
    Normalisation.fit(summary, table).save(snakemake.output.normalisation)
    WeightMap.fit(summary.kinematics, bins["pt_edges"], bins["eta_edges"]).save(snakemake.output.weights)
    log.info("%s", summary)
    if lost := int((summary.kinematics < 0).sum()):
        log.warning("%d bins of flavour, pT and eta have negative sums of weights: their jets get 0", lost)

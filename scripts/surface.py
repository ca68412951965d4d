"""Scan the loss of one model over planes of inputs and weights, and take its derivatives over many jets."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import BudgetSettings
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.bootstrap import replicas
    from robustag.files import write_table
    from robustag.registry import settings_of
    from robustag.surface import (
        Landscape,
        Surface,
        flavoured_jets,
        jet_geometry,
        reference_jet,
        surface_statistics,
        survey_planes,
        weight_surface,
    )
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    bench = Bench.load(files.features, files.normalisation, files.spread)
    model = bench.model(files.model)
    test = load_tensors(files.tensors, "test")
    rule = bench.rule(BudgetSettings.of(settings))
    landscape = Landscape(model.network, model.loss)
    surface = settings_of(Surface, settings["surface"], "surface")
    pairs = surface.planes(bench.table, bench.normalisation)
    jet = reference_jet(test, **vars(surface.jet), planes=pairs)
    averaged = flavoured_jets(test, surface.average.jets, pairs[:1])
    seed = derive_seed(params.seed, "surface")
    planes, paths = survey_planes(
        landscape, test, jet, averaged, pairs, rule, bench.normalisation, surface, seed
    )
    many = flavoured_jets(test, surface.jets, pairs[:1])
    geometry = jet_geometry(model.network, model.loss, test, many, pairs[0], rule, surface)
    jets = test.select(torch.from_numpy(many))
    counted = replicas(jets.event.numpy(), jets.event_weight.numpy(), params.bootstrap, params.seed)
    epsilons = settings["epsilons"]
    statistics = surface_statistics(landscape, jets, geometry, rule, epsilons, counted)
    weights = weight_surface(model.network, model.loss, test, rule, **vars(surface.weights), seed=seed)
    made = snakemake.output
    write_table(planes, made.planes)
    write_table(paths, made.paths)
    write_table(geometry, made.geometry)
    write_table(statistics, made.statistics)
    write_table(weights, made.weights)
    log.info(
        "planes around test jet %d of event %d, geometry of %d jets", jet, test.event[jet], len(geometry)
    )

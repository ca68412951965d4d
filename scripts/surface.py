"""Scan the loss of one model over planes of inputs and weights, and take its derivatives over many jets."""

from robustag.workflow import derive_seed, job
from robustag.workflow.devices import own_device

with job(globals()) as (snakemake, log):
    import pandas as pd
    import torch

    from robustag.attacks import BudgetSettings
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.bootstrap import replicas
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.memory import Place, within_memory
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
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    test = load_tensors(files.tensors, "test")
    surface = settings_of(Surface, settings["surface"], "surface")
    seed = derive_seed(params.seed, "surface")
    normalisation = Normalisation.load(files.normalisation)
    pairs = surface.planes(FeatureTable.load(files.features), normalisation)
    jet = reference_jet(test, **vars(surface.jet), planes=pairs)
    averaged = flavoured_jets(test, surface.average.jets, pairs[:1])
    many = flavoured_jets(test, surface.jets, pairs[:1])
    jets = test.select(torch.from_numpy(many))
    counted = replicas(jets.event.numpy(), jets.event_weight.numpy(), params.bootstrap, params.seed)

    def surveyed(place: Place) -> tuple[pd.DataFrame, ...]:
        bench = Bench.load(files.features, files.normalisation, files.spread, device=place.device)
        model, rule = bench.model(files.model), bench.rule(BudgetSettings.of(settings))
        landscape = Landscape(model.network, model.loss)
        planes, paths = survey_planes(
            landscape, test, jet, averaged, pairs, rule, normalisation, surface, seed
        )
        geometry = jet_geometry(model.network, model.loss, test, many, pairs[0], rule, surface)
        statistics = surface_statistics(landscape, jets, geometry, rule, settings["epsilons"], counted)
        weights = weight_surface(model.network, model.loss, test, rule, **vars(surface.weights), seed=seed)
        return planes, paths, geometry, statistics, weights

    found, place = within_memory(surveyed, Place.undivided(own_device()))
    made = snakemake.output
    paths = made.planes, made.paths, made.geometry, made.statistics, made.weights
    for table, path in zip(found, paths, strict=True):
        write_table(table, path)
    about = jet, test.event[jet], len(many), place.device
    log.info("planes around test jet %d of event %d, geometry of %d jets on %s", *about)

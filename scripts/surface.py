"""Scan the loss of one model over planes of inputs and weights, and take its derivatives over many jets."""

from robustag.workflow import derive_seed, job

with job(globals()) as (snakemake, log):
    import torch

    from robustag.attacks import BudgetRule, Spread
    from robustag.evaluation.bootstrap import event_weights
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.models import check_features, load_model
    from robustag.surface import (
        Landscape,
        flavoured_jets,
        jet_geometry,
        reference_jet,
        surface_statistics,
        survey_planes,
        weight_surface,
    )
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    params, settings = snakemake.params.settings, snakemake.params.settings["surface"]
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    model, card = load_model(snakemake.input.model)
    check_features(card, table.names)
    reference, _ = load_model(snakemake.input.reference)
    test = load_tensors(snakemake.input.tensors, "test")
    loss = build_loss(card["loss"])
    rule = BudgetRule.of(
        table,
        normalisation,
        relative_cap=params["relative_cap"],
        physical=params["physical"],
        frozen=params["frozen"],
        spread=Spread.load(snakemake.input.spread),
    )
    landscape = Landscape(model, loss)
    pair = tuple(settings["pairs"][0])
    columns = tuple(table.index(name) for name in pair)
    scanned = tuple(table.index(name) for pair in settings["pairs"] for name in pair)
    jet = reference_jet(reference, test, **settings["jet"], columns=scanned)
    averaged = flavoured_jets(test, settings["average"]["jets"], columns)
    seed = derive_seed(snakemake.params.seed, "surface")
    planes, paths = survey_planes(landscape, test, jet, averaged, rule, normalisation, settings, seed)
    many = flavoured_jets(test, settings["jets"], columns)
    geometry = jet_geometry(model, loss, test, many, pair, table, rule, settings)
    jets = test.select(torch.from_numpy(many))
    replicas = event_weights(jets.event.numpy(), snakemake.params.bootstrap, snakemake.params.seed)
    statistics = surface_statistics(landscape, jets, geometry, rule, params["epsilons"], replicas)
    weights = weight_surface(model, loss, test, rule, **settings["weights"], seed=seed)
    made = snakemake.output
    for result, path in zip(
        (planes, paths, geometry, statistics, weights),
        (made.planes, made.paths, made.geometry, made.statistics, made.weights),
        strict=True,
    ):
        write_table(result, path)
    log.info("planes around test jet %d, geometry of %d jets", jet, len(geometry))

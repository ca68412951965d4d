"""Scan the loss of one model around one jet, and take its input gradients over many jets."""

from robustag.workflow import derive_seed, job

with job(snakemake) as log:
    import torch

    from robustag.features import FeatureTable
    from robustag.files import written_whole
    from robustag.models import load_model
    from robustag.surface import balanced_jets, confident_jet, jet_geometry, plane_table
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import load_tensors
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    settings = snakemake.params.settings["surface"]
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    model, card = load_model(snakemake.input.model)
    reference, _ = load_model(snakemake.input.reference)
    jets = load_tensors(snakemake.input.tensors, "test")
    loss = build_loss(card["loss"])
    features = tuple(settings["features"])
    columns = tuple(map(table.index, features))
    jet = confident_jet(reference, jets, settings["flavour"], settings["probability"], columns)
    plane = plane_table(
        model, loss, jets, jet, features, table, normalisation, settings["width"], settings["points"]
    )
    many = balanced_jets(jets, settings["jets"], derive_seed(snakemake.params.seed, "surface"), columns)
    geometry = jet_geometry(
        model, loss, jets, many, features, table, settings["width"], settings["points_many"]
    )
    for result, path in ((plane, snakemake.output.plane), (geometry, snakemake.output.geometry)):
        with written_whole(path) as temporary:
            result.to_parquet(temporary, index=False)
    log.info("plane around test jet %d, geometry of %d jets", jet, len(geometry))

"""Draw the training jets by pT and eta, before and after weighting, and the weights."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.kinematics import draw_spectra, draw_weights, spectrum_table, weight_table
    from robustag.plotting.store import save_figure, save_shown
    from robustag.tensors.weights import WeightMap

    made, sample = snakemake.output, snakemake.params.options["sample"]
    weights = weight_table(WeightMap.load(snakemake.input.weights))
    tables = (spectrum_table(weights), weights)
    for draw, table, pdf, png, csv in zip(
        (draw_spectra, draw_weights), tables, made.pdf, made.png, made.csv, strict=True
    ):
        save_figure(draw(table, sample), pdf, png)
        save_shown(table, csv)
        log.info("%d numbers: %s", len(table), pdf)

"""Draw the training jets by pT and eta, before and after weighting, and the weights."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.plotting.simulation.kinematics import (
        draw_spectra,
        draw_weights,
        spectrum_table,
        weight_table,
    )
    from robustag.plotting.store import each
    from robustag.tensors.weights import WeightMap

    weights = weight_table(WeightMap.load(snakemake.input.weights))
    shown = ((draw_spectra, spectrum_table(weights)), (draw_weights, weights))
    for (draw, table), output in each(shown, snakemake.output):
        output.save(draw(table, snakemake.params.options["sample"]), table)
        log.info("%d numbers: %s", len(table), output.pdf)

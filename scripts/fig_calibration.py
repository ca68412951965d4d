"""Draw the reliability of the predicted probabilities, for each pair of models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.options import Pair, Perturbation
    from robustag.plotting.probabilities.calibration import (
        CALIBRATION_COLUMNS,
        calibration_table,
        draw_calibration,
    )
    from robustag.plotting.store import each
    from robustag.plotting.style import arm_models

    options = snakemake.params.options
    pairs = Pair.each(options["pairs"])
    attack = Perturbation(options["attack"], options["epsilon"])
    calibration = read_table(snakemake.input.calibration, CALIBRATION_COLUMNS)
    for pair, output in each(pairs, snakemake.output):
        table = calibration_table(calibration, pair, attack)
        output.save(draw_calibration(table, arm_models(pairs, pair.label), options["sample"]), table)
        log.info("%s: %s", pair.label, output.pdf)

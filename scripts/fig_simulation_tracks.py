"""Draw tracks a jet, impact-parameter significance and z0 by flavour."""

import pandas as pd

from robustag.workflow import job

with job(snakemake) as log:
    from robustag.plotting.simulation import draw_tracks, tracks_table
    from robustag.plotting.store import save_figure, save_shown

    table = tracks_table(pd.read_parquet(snakemake.input.histograms))
    figure = draw_tracks(table, snakemake.params.options["sample"])
    save_figure(figure, snakemake.output.pdf, snakemake.output.png)
    save_shown(table, snakemake.output.csv)
    log.info("%d rows", len(table))

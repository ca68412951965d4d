"""Histograms of tracks, vertices and lifetimes of one chunk."""

import pandas as pd

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import write_table
    from robustag.validation.lifetime import lifetime_histograms
    from robustag.validation.objects import read_objects
    from robustag.validation.tracks import track_histograms
    from robustag.validation.vertices import vertex_histograms

    objects = read_objects(snakemake.input.ntuple)
    parts = [fill(objects) for fill in (track_histograms, vertex_histograms, lifetime_histograms)]
    write_table(pd.concat(parts, ignore_index=True), snakemake.output.histograms)
    log.info("%d jets, %d tracks", len(objects.jets), len(objects.tracks))

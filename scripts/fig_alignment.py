"""Draw where the attack points beside where systematics point (one file a compared model)."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.alignment import alignment_table, draw_alignment
    from robustag.plotting.store import save_figure, save_shown

    output, options = snakemake.output, snakemake.params.options
    alignment, spans = (read_table(snakemake.input[name]) for name in ("alignment", "spans"))
    for model, pdf, png, csv in zip(snakemake.params.models, output.pdf, output.png, output.csv, strict=True):
        table = alignment_table(alignment, spans, model, options["discriminators"][0])
        save_figure(draw_alignment(table, options), pdf, png)
        save_shown(table, csv)
    log.info("%d models", len(snakemake.params.models))

"""Draw where the attack points beside where systematics point (one file a compared model)."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.files import read_table
    from robustag.plotting.mismodelling.alignment import alignment_table, draw_alignment
    from robustag.plotting.store import each

    options = snakemake.params.options
    alignment, spans = (read_table(snakemake.input[name]) for name in ("alignment", "spans"))
    for model, output in each(snakemake.params.models, snakemake.output):
        table = alignment_table(alignment, spans, model, options["discriminators"][0])
        output.save(draw_alignment(table, options["sample"]), table)
    log.info("%d models", len(snakemake.params.models))

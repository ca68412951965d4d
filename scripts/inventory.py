"""Count and check the prepared sample, and describe every model by its card."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.evaluation.inventory import inventory
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.tensors.weights import WeightMap

    files = snakemake.input
    names = FeatureTable.load(files.features).names
    trained = zip(files.models, snakemake.params.origins, strict=True)
    models = [(path, *origin) for path, origin in trained]
    table = inventory(files.tensors, WeightMap.load(files.weights), names, models)
    write_table(table, snakemake.output.inventory)
    log.info("%d rows", len(table))

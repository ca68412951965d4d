"""Check that the audited attacks stand in the order that they must."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.attacks import AttackDefinition
    from robustag.attacks.ordering import check_orders
    from robustag.files import read_table, write_csv, write_table

    attacks = {name: AttackDefinition.of(each) for name, each in snakemake.params.attacks.items()}
    orders = check_orders(read_table(snakemake.input.audit), attacks)
    write_table(orders, snakemake.output.table)
    write_csv(orders, snakemake.output.csv)
    log.info("%d of %d orders hold", orders["holds"].sum(), len(orders))
    for row in orders[~orders["holds"]].itertuples(index=False):
        log.warning("%s, seed %d, %s: '%s' outdoes '%s' at epsilon %g", *row[:6])

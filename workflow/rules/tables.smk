"""The collected tables, from which every figure and verdict is made.

Needs: all trainings, attacks, scenarios or surfaces, whichever a table is about. Makes: <results>/tables/*.
"""


rule collect:
    """Gather one kind of table of all models and seeds, with the model and the seed in front of every row."""
    input:
        parts=lambda wildcards: PARTS[wildcards.table],
    output:
        table="<results>/tables/{table}.parquet",
    log:
        "<logs>/collect/{table}.log",
    wildcard_constraints:
        table="|".join(PARTS),
    params:
        code=code_fingerprint("scripts/collect.py"),
    script:
        "../../scripts/collect.py"


rule metrics_csv:
    """Every number with its error, for people and spreadsheets."""
    input:
        metrics=collected("metrics"),
    output:
        csv="<results>/tables/metrics.csv",
    log:
        "<logs>/metrics_csv.log",
    params:
        study=config["study"],
        code=code_fingerprint("scripts/metrics_csv.py"),
    script:
        "../../scripts/metrics_csv.py"

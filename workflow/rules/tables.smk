"""The collected tables, from which every figure and verdict is made.

Needs: all trainings, attacks, scenarios and surfaces. Makes: <results>/tables/*.
"""


rule collect:
    """Gather the tables of all models and seeds, with the model and the seed in front of every row."""
    input:
        metrics=measured("metrics"),
        curves=measured("curves"),
        histograms=measured("histograms"),
        history=over_trainings(rules.train.output.history),
        audit=over_trainings(rules.attack.output.audit, attack=RUN["attacks"]),
        planes=over_trainings(rules.surface.output.plane),
        geometry=over_trainings(rules.surface.output.geometry),
    output:
        metrics="<results>/tables/metrics.parquet",
        metrics_csv="<results>/tables/metrics.csv",
        curves="<results>/tables/curves.parquet",
        histograms="<results>/tables/histograms.parquet",
        history="<results>/tables/history.parquet",
        audit="<results>/tables/audit.parquet",
        planes="<results>/tables/planes.parquet",
        geometry="<results>/tables/geometry.parquet",
    log:
        "<logs>/collect.log",
    params:
        study=config["study"],
    script:
        "../../scripts/collect.py"

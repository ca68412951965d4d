"""The collected tables, from which every figure and verdict is made.

Needs: all trainings, attacks, scenarios and surfaces. Makes: <results>/tables/*.
"""


def measured(table: str) -> list[str]:
    """One kind of table (metrics, curves, histograms) of all attacks and scenarios of all models and seeds."""
    return over_trainings(
        f"<results>/attacks/{{model}}/seed{{seed}}/{{attack}}.{table}.parquet",
        attack=RUN["attacks"],
    ) + over_trainings(
        f"<results>/mismodel/{{model}}/seed{{seed}}/{{scenario}}.{table}.parquet",
        scenario=RUN["scenarios"],
    )


rule collect:
    """Gather the tables of all models and seeds, with the model and the seed in front of every row."""
    input:
        metrics=measured("metrics"),
        curves=measured("curves"),
        histograms=measured("histograms"),
        history=over_trainings(rules.train.output.history),
        planes=over_trainings(rules.surface.output.plane),
        geometry=over_trainings(rules.surface.output.geometry),
    output:
        metrics="<results>/tables/metrics.parquet",
        metrics_csv="<results>/tables/metrics.csv",
        curves="<results>/tables/curves.parquet",
        histograms="<results>/tables/histograms.parquet",
        history="<results>/tables/history.parquet",
        planes="<results>/tables/planes.parquet",
        geometry="<results>/tables/geometry.parquet",
    log:
        "<logs>/collect.log",
    params:
        study=config["study"],
    script:
        "../../scripts/collect.py"

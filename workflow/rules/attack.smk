"""Attacks.

Needs: a model and the nominal test tensors. Makes: <results>/attacks/{model}/seed{seed}/{attack}.*.parquet.
"""


rule attack:
    """Attack one trained model with one attack at every epsilon, and measure it each time."""
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        metrics="<results>/attacks/{model}/seed{seed}/{attack}.metrics.parquet",
        curves="<results>/attacks/{model}/seed{seed}/{attack}.curves.parquet",
        histograms="<results>/attacks/{model}/seed{seed}/{attack}.histograms.parquet",
    log:
        "<logs>/attack/{model}.seed{seed}.{attack}.log",
    threads: 1
    resources:
        mem_mb=3000,
    params:
        seed=config["seed"],
        attack=lambda wildcards: definition("attacks", wildcards.attack),
        settings=settings("epsilons", "relative_cap", "evaluation"),
        code=code_fingerprint("attacks", "evaluation"),
    script:
        "../../scripts/attack.py"

"""The loss around jets and around weights.

Needs: models, the nominal test tensors, the spread of the training inputs.
Makes: <results>/surface/{model}/seed{seed}.*.parquet.
"""


rule surface:
    """Scan the loss of one model over planes of inputs and weights, and take its derivatives over many jets.

    Jets are chosen by their truth and inputs alone, so that every training is looked at around the same ones.
    """
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        planes="<results>/surface/{model}/seed{seed}.planes.parquet",
        paths="<results>/surface/{model}/seed{seed}.paths.parquet",
        geometry="<results>/surface/{model}/seed{seed}.geometry.parquet",
        statistics="<results>/surface/{model}/seed{seed}.statistics.parquet",
        weights="<results>/surface/{model}/seed{seed}.weights.parquet",
    log:
        "<logs>/surface/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        bootstrap=config["evaluation"]["bootstrap"],
        settings=settings("surface", "epsilons", "relative_cap", "physical", "frozen"),
        code=code_fingerprint("scripts/surface.py"),
    script:
        "../../scripts/surface.py"

"""The loss around jets.

Needs: models and the nominal test tensors. Makes: <results>/surface/{model}/seed{seed}.*.parquet.
"""


rule surface:
    """Scan the loss of one model around one jet, and take its input gradients over many jets.

    The jet is chosen by the reference model, so that every model is scanned around the same one.
    """
    input:
        model=rules.train.output.model,
        reference=f"<results>/models/{config['surface']['reference']}/seed{RUN['seeds'][0]}.safetensors",
        tensors=tensors_of("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        plane="<results>/surface/{model}/seed{seed}.plane.parquet",
        geometry="<results>/surface/{model}/seed{seed}.geometry.parquet",
    log:
        "<logs>/surface/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=3000,
    params:
        seed=config["seed"],
        settings=settings("surface"),
        code=code_fingerprint("scripts/surface.py"),
    script:
        "../../scripts/surface.py"

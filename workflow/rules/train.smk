"""Trainings.

Needs: the nominal tensors. Makes: <results>/models/{model}/seed{seed}.safetensors, .history.csv and
.onnx.
"""


rule train:
    """Train one model with one seed.

    A checkpoint beside the model lets a killed job go on where it stopped. It is no output, so that
    Snakemake leaves it alone, and it counts only for the very same job.
    """
    input:
        tensors=tensors_of("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        model="<results>/models/{model}/seed{seed}.safetensors",
        history="<results>/models/{model}/seed{seed}.history.csv",
    log:
        "<logs>/train/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=4000,
    params:
        seed=config["seed"],
        model=lambda wildcards: definition("models", wildcards.model),
        settings=settings("relative_cap"),
        code=code_fingerprint("scripts/train.py"),
        network=network_fingerprint,
    script:
        "../../scripts/train.py"


rule export:
    """Write every trained model as ONNX, with scaling and missing values inside, for `robustag predict`."""
    input:
        models=over_trainings(rules.train.output.model),
    output:
        onnx=over_trainings("<results>/models/{model}/seed{seed}.onnx"),
    log:
        "<logs>/export.log",
    threads: 1
    resources:
        mem_mb=1500,
    params:
        code=code_fingerprint("scripts/export.py"),
    script:
        "../../scripts/export.py"

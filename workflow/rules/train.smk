"""Trainings, and how robustness grows in their course.

Needs: the nominal tensors, those of variations for recipes that show them, and the teachers of students.
Makes: <results>/models/{model}/seed{seed}.safetensors, .history.parquet and .onnx, the weights of chosen epochs in
<results>/models/{model}/seed{seed}/, and <results>/epochs/{model}/seed{seed}.parquet.
"""


rule train:
    """Train one model with one seed.

    A checkpoint beside the model lets a killed job go on where it stopped. It is no output, so that
    Snakemake leaves it alone, and it counts only for the very same job.
    """
    input:
        tensors=tensors_of("nominal"),
        varied=training_variations,
        teachers=training_teachers,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        spread=training_spread,
    output:
        model="<results>/models/{model}/seed{seed}.safetensors",
        history="<results>/models/{model}/seed{seed}.history.parquet",
        snapshots=directory("<results>/models/{model}/seed{seed}"),
    log:
        "<logs>/train/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=training_memory,
    params:
        seed=config["seed"],
        model=lambda wildcards: canonical(whole_model(config, wildcards.model)),
        settings=settings("relative_cap", "training"),
        code=code_fingerprint("scripts/train.py"),
        network=network_fingerprint,
        recipe_code=lambda wildcards: recipe_fingerprint(
            config["models"][wildcards.model]["recipe"]
        ),
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
        mem_mb=memory("chunk"),
    params:
        code=code_fingerprint("scripts/export.py"),
    script:
        "../../scripts/export.py"


rule epochs:
    """Measure the weights of chosen epochs of a training: raw, under noise, and under the figures' attack.

    The attack is made on the weights themselves, and on the finished nominal model of each of its pairs.
    """
    input:
        snapshots=rules.train.output.snapshots,
        references=nominal_partners,
        tensors=tensors_of("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        spread="<results>/tensors/spread.safetensors",
    output:
        epochs="<results>/epochs/{model}/seed{seed}.parquet",
    log:
        "<logs>/epochs/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        perturbations={
            name: definition("attacks", name)
            for name in (config["figures"]["attack"], config["figures"]["noise"])
        },
        epsilon=config["figures"]["epsilon"],
        references=lambda wildcards: nominal_models(config, wildcards.model),
        settings=settings("epochs", "relative_cap", "physical", "frozen"),
        bootstrap=config["evaluation"]["bootstrap"],
        code=code_fingerprint("scripts/epochs.py"),
        attack_code=attacks_fingerprint([config["figures"]["attack"], config["figures"]["noise"]]),
    script:
        "../../scripts/epochs.py"

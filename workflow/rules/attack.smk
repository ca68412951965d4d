"""Attacks.

Needs: models and the nominal tensors. Makes: <results>/tensors/spread.safetensors,
<results>/attacks/{model}/seed{seed}/{attack}.*.parquet and
<results>/transfer/{model}/seed{seed}.parquet.
"""


rule spread:
    """Measure how the inputs of training jets scatter, beside how published ones do: units of budgets."""
    input:
        tensors=tensors_of("nominal"),
        normalisation=rules.normalise.output.normalisation,
        published=config["validation"]["published"],
    output:
        spread="<results>/tensors/spread.safetensors",
    log:
        "<logs>/spread.log",
    threads: 1
    resources:
        mem_mb=memory("chunk"),
    params:
        code=code_fingerprint("scripts/spread.py"),
    script:
        "../../scripts/spread.py"


rule attack:
    """Attack one trained model with one attack at every epsilon, measure it each time, and audit it.

    An attack with a source is crafted on another model of the same seed.
    """
    input:
        model=rules.train.output.model,
        source=source_model,
        tensors=tensors_of("nominal"),
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        **{
            table: f"<results>/attacks/{{model}}/seed{{seed}}/{{attack}}.{table}.parquet"
            for table in MEASURED
        },
        audit="<results>/attacks/{model}/seed{seed}/{attack}.audit.parquet",
    log:
        "<logs>/attack/{model}.seed{seed}.{attack}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        attack=lambda wildcards: definition("attacks", wildcards.attack),
        settings=settings("epsilons", "relative_cap", "physical", "frozen", "audit", "evaluation"),
        code=code_fingerprint("scripts/attack.py"),
        attack_code=lambda wildcards: attacks_fingerprint([wildcards.attack]),
    script:
        "../../scripts/attack.py"


rule transfer:
    """Craft an attack on one model and show it to every model of the same seed: a row of the transfer matrix."""
    input:
        source=rules.train.output.model,
        targets=expand(rules.train.output.model, model=RUN["models"], allow_missing=True),
        tensors=tensors_of("nominal"),
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        transfer="<results>/transfer/{model}/seed{seed}.parquet",
    log:
        "<logs>/transfer/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        targets=RUN["models"],
        settings=settings("transfer", "relative_cap", "physical", "frozen", "evaluation"),
        code=code_fingerprint("scripts/transfer.py"),
        attack_code=attack_fingerprint(config["transfer"]["attack"]),
    script:
        "../../scripts/transfer.py"

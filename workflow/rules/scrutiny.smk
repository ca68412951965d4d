"""What the numbers of attacks and scenarios mean: what no attack can do, and whether a check had seen them.

Needs: models, the nominal test tensors and those of the variations.
Makes: <results>/certificates/{model}/seed{seed}.parquet, <results>/certified_rates/{model}/seed{seed}.parquet,
<results>/optimality/{model}/seed{seed}.parquet, <results>/distances/{model}/seed{seed}.parquet,
<results>/distances/scenarios.parquet, <results>/distances/{model}/scenarios.parquet,
<results>/groups/{model}/seed{seed}.parquet.
"""


rule certify:
    """Prove what no perturbation can do to one model, and set the best attack beside it, on the same jets."""
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        certificates="<results>/certificates/{model}/seed{seed}.parquet",
    log:
        "<logs>/certify/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        discriminators=config["figures"]["discriminators"],
        settings=settings("certificates", "relative_cap", "physical", "frozen", "evaluation"),
        code=code_fingerprint("scripts/certify.py"),
        attack_code=attack_fingerprint(*config["certificates"]["attacks"]),
    script:
        "../../scripts/certify.py"


rule certify_rates:
    """Bound the rates of one model at fixed cuts, whatever happens to the inputs within some boxes."""
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        rates="<results>/certified_rates/{model}/seed{seed}.parquet",
    log:
        "<logs>/certify_rates/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        discriminator=config["figures"]["discriminators"][0],
        settings=settings("certificates", "relative_cap", "physical", "frozen", "evaluation"),
        code=code_fingerprint("scripts/certify_rates.py"),
    script:
        "../../scripts/certify_rates.py"


rule groups:
    """AUC of one model under attacks on each group of inputs alone, and on all inputs but those."""
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        groups="<results>/groups/{model}/seed{seed}.parquet",
    log:
        "<logs>/groups/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        epsilon=config["figures"]["epsilon"],
        discriminators=config["figures"]["discriminators"],
        attacks={name: definition("attacks", name) for name in config["groups"]["attacks"]},
        settings=settings("groups", "relative_cap", "physical", "frozen", "evaluation"),
        code=code_fingerprint("scripts/groups.py"),
        attack_code=attacks_fingerprint(config["groups"]["attacks"]),
    script:
        "../../scripts/groups.py"


rule optimality:
    """Follow some attacks on one model pass by pass, and compare each with the best of them all."""
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        optimality="<results>/optimality/{model}/seed{seed}.parquet",
    log:
        "<logs>/optimality/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        attacks={name: definition("attacks", name) for name in config["optimality"]["attacks"]},
        settings=settings("optimality", "relative_cap", "physical", "frozen"),
        code=code_fingerprint("scripts/optimality.py"),
        attack_code=attacks_fingerprint(config["optimality"]["attacks"]),
    script:
        "../../scripts/optimality.py"


# Where jets are tagged that a perturbation may fool: a discriminator, and its mis-tag rate on clean jets.
TAGGED_AT = (config["figures"]["discriminators"][0], config["claims"]["working_point"])


rule distances:
    """How far the inputs that some attacks on one model make are from clean ones."""
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        distances="<results>/distances/{model}/seed{seed}.parquet",
    log:
        "<logs>/distances/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        attacks=attacks_of_distances,
        joint=joint_distances,
        tagged_at=TAGGED_AT,
        settings=settings("distances", "relative_cap", "physical", "frozen"),
        code=code_fingerprint("scripts/distances.py"),
        attack_code=attacks_fingerprint(config["distances"]["attacks"]),
    script:
        "../../scripts/distances.py"


rule scenario_distances:
    """How far the inputs of every scenario and of other clean jets are from clean ones; which jets fool a model."""
    input:
        **{name: tensors_of(name) for name in sorted(VARIED_SAMPLES)},
        tensors=tensors_of("nominal"),
        paired=paired_tensors("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        models=expand(rules.train.output.model, model=FIGURE_MODELS, seed=RUN["seeds"][0]),
    output:
        distances="<results>/distances/scenarios.parquet",
        fooled=expand("<results>/distances/{model}/scenarios.parquet", model=FIGURE_MODELS),
    log:
        "<logs>/scenario_distances.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        scenarios={name: SCENARIOS[name] for name in sorted(SCENARIOS)},
        records=RECORD_VARIATIONS,
        tagged_at=TAGGED_AT,
        settings=settings("distances", "relative_cap"),
        code=code_fingerprint("scripts/scenario_distances.py"),
    script:
        "../../scripts/scenario_distances.py"

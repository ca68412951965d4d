"""Physics mis-modelling.

Needs: a model, the nominal test tensors and those of the variations.
Makes: <results>/mismodel/{model}/seed{seed}.*.parquet and <results>/align/{model}/seed{seed}.*.parquet.
"""


rule mismodel:
    """Show one trained model every mis-modelling of the study at every strength, and measure it each time.

    One job: most scenarios take less time than loading the model.
    """
    input:
        **{name: tensors_of(name) for name in sorted(VARIED_SAMPLES)},
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        paired=paired_tensors("nominal"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        **{
            table: f"<results>/mismodel/{{model}}/seed{{seed}}.{table}.parquet"
            for table in MEASURED
        },
    log:
        "<logs>/mismodel/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        scenarios=SCENARIOS,
        records=RECORD_VARIATIONS,
        weights=WEIGHT_VARIATIONS,
        settings=settings("relative_cap", "evaluation"),
        code=code_fingerprint("scripts/mismodel.py"),
    script:
        "../../scripts/mismodel.py"


rule align:
    """Compare where the attack of the figures moves jets with where re-simulated variations move them."""
    input:
        **{name: paired_tensors(name) for name in ["nominal", *VARIED_SAMPLES]},
        model=rules.train.output.model,
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        alignment="<results>/align/{model}/seed{seed}.alignment.parquet",
        spans="<results>/align/{model}/seed{seed}.spans.parquet",
    log:
        "<logs>/align/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        seed=config["seed"],
        attack=definition("attacks", config["figures"]["attack"]),
        epsilon=config["figures"]["epsilon"],
        discriminators=config["figures"]["discriminators"],
        variations=RUN["variations"],
        settings=settings("relative_cap", "physical", "frozen", "evaluation"),
        code=code_fingerprint("scripts/align.py"),
        attack_code=attacks_fingerprint([config["figures"]["attack"]]),
    script:
        "../../scripts/align.py"

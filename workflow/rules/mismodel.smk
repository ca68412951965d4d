"""Physics mis-modelling.

Needs: a model, the nominal test tensors and those of the detector variations.
Makes: <results>/mismodel/{model}/seed{seed}/{scenario}.*.parquet.
"""


rule mismodel:
    """Show one trained model one mis-modelling at every strength, and measure it each time."""
    input:
        model=rules.train.output.model,
        tensors=tensors_of("nominal"),
        varied=varied_tensors,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        metrics="<results>/mismodel/{model}/seed{seed}/{scenario}.metrics.parquet",
        curves="<results>/mismodel/{model}/seed{seed}/{scenario}.curves.parquet",
        histograms="<results>/mismodel/{model}/seed{seed}/{scenario}.histograms.parquet",
        bins="<results>/mismodel/{model}/seed{seed}/{scenario}.bins.parquet",
        calibration="<results>/mismodel/{model}/seed{seed}/{scenario}.calibration.parquet",
        confusion="<results>/mismodel/{model}/seed{seed}/{scenario}.confusion.parquet",
    log:
        "<logs>/mismodel/{model}.seed{seed}.{scenario}.log",
    threads: 1
    resources:
        mem_mb=3000,
    params:
        seed=config["seed"],
        scenario=lambda wildcards: definition("scenarios", wildcards.scenario),
        settings=settings("relative_cap", "evaluation"),
        code=code_fingerprint("scripts/mismodel.py"),
    script:
        "../../scripts/mismodel.py"


rule align:
    """Compare where the attack of the figures moves jets with where re-simulated variations move them."""
    input:
        model=rules.train.output.model,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        **{name: paired_tensors(name) for name in ["nominal", *RUN["variations"]]},
    output:
        alignment="<results>/align/{model}/seed{seed}.alignment.parquet",
        spans="<results>/align/{model}/seed{seed}.spans.parquet",
    log:
        "<logs>/align/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=3000,
    params:
        seed=config["seed"],
        attack=definition("attacks", config["figures"]["attack"]),
        epsilon=config["figures"]["epsilon"],
        discriminators=config["figures"]["discriminators"],
        variations=RUN["variations"],
        settings=settings("relative_cap", "evaluation"),
        code=code_fingerprint("scripts/align.py"),
    script:
        "../../scripts/align.py"

"""The collected tables, from which every figure and verdict is made.

Needs: all trainings, attacks, scenarios or surfaces, whichever a table is about. Makes: <results>/tables/*.
"""


rule collect:
    """Gather one kind of table of all models and seeds, with the model and the seed in front of every row."""
    input:
        parts=lambda wildcards: [path for path, _, _ in PARTS[wildcards.table]],
    output:
        table="<results>/tables/{table}.parquet",
    log:
        "<logs>/collect/{table}.log",
    wildcard_constraints:
        table="|".join(PARTS),
    localrule: True
    params:
        origins=lambda wildcards: origins(PARTS[wildcards.table]),
        code=code_fingerprint("scripts/collect.py"),
    script:
        "../../scripts/collect.py"


rule audit_orders:
    """Check that the audited attacks stand in the order that they must; what fails hints at masked gradients."""
    input:
        audit=collected("audit"),
    output:
        table="<results>/tables/audit_orders.parquet",
        csv="<results>/tables/audit_orders.csv",
    log:
        "<logs>/audit_orders.log",
    localrule: True
    params:
        attacks={name: whole_definition(name) for name in sorted(RUN["attacks"])},
        code=code_fingerprint("scripts/audit_orders.py"),
        attack_code=attacks_fingerprint(RUN["attacks"]),
    script:
        "../../scripts/audit_orders.py"


rule metrics_csv:
    """Every number with its error, for people and spreadsheets."""
    input:
        metrics=collected("metrics"),
    output:
        csv="<results>/tables/metrics.csv",
    log:
        "<logs>/metrics_csv.log",
    localrule: True
    params:
        study=config["study"],
        code=code_fingerprint("scripts/metrics_csv.py"),
    script:
        "../../scripts/metrics_csv.py"


rule mismodelling_verdicts:
    """Loss to every attack and scenario, nominal against adversarial training: does it help, and how much?"""
    input:
        metrics=collected("metrics"),
    output:
        table="<results>/tables/mismodelling_verdicts.parquet",
        csv="<results>/tables/mismodelling_verdicts.csv",
    log:
        "<logs>/mismodelling_verdicts.log",
    localrule: True
    params:
        options=figure_options("discriminators"),
        mistags=config["evaluation"]["mistags"],
        significance=config["claims"]["significance"],
        code=code_fingerprint("scripts/mismodelling_verdicts.py"),
    script:
        "../../scripts/mismodelling_verdicts.py"


UNDETECTED = (
    "distances" in PARTS and config["claims"]["working_point"] in config["evaluation"]["mistags"]
)

if UNDETECTED:

    rule undetected:
        """What every perturbation costs, beside how many jets of data would show it."""
        input:
            verdicts=rules.mismodelling_verdicts.output.table,
            distances=collected("distances"),
        output:
            table="<results>/tables/undetected.parquet",
            csv="<results>/tables/undetected.csv",
        log:
            "<logs>/undetected.log",
        localrule: True
        params:
            options=figure_options("discriminators"),
            working_point=config["claims"]["working_point"],
            code=code_fingerprint("scripts/undetected.py"),
        script:
            "../../scripts/undetected.py"


if CALIBRATED:

    rule scale_factors:
        """How well each tagger can be calibrated: does adversarial training shrink the uncertainty of its rates?

        Rates at fixed cuts under every source of uncertainty, for one standard deviation of its nuisance.
        """
        input:
            metrics=collected("metrics"),
            bins=collected("bins"),
        output:
            table="<results>/tables/scale_factors.parquet",
            csv="<results>/tables/scale_factors.csv",
            bins="<results>/tables/scale_factor_bins.parquet",
            correlations="<results>/tables/scale_factor_correlations.parquet",
            page="<results>/scale_factors.md",
            json="<results>/scale_factors.json",
        log:
            "<logs>/scale_factors.log",
        localrule: True
        params:
            study=config["study"],
            options=figure_options("discriminators"),
            sources=CALIBRATED,
            mistags=config["evaluation"]["mistags"],
            significance=config["claims"]["significance"],
            code=code_fingerprint("scripts/scale_factors.py"),
        script:
            "../../scripts/scale_factors.py"


if FRONTIER:

    FRONTIER_TABLES = [
        *("uncertainties", "performances", "residuals", "residual_bins", "transport", "coverage"),
        *(["pseudo_data", "agreement"] if PSEUDO_DATA else []),
    ]

    rule frontier:
        """Ways of training side by side: performance, robustness, calibration and its closure; and claim C18."""
        input:
            metrics=collected("frontier"),
            bins=collected("frontier_bins"),
            rates=collected_if_any("pseudo_data_rates"),
            agreement=collected_if_any("pseudo_data_agreement"),
        output:
            **{table: f"<results>/tables/frontier_{table}.parquet" for table in FRONTIER_TABLES},
            **{
                f"{table}_csv": f"<results>/tables/frontier_{table}.csv"
                for table in FRONTIER_TABLES
            },
            page="<results>/robust_training.md",
        log:
            "<logs>/frontier.log",
        localrule: True
        params:
            study=config["study"],
            seed=config["seed"],
            options=frontier_options(),
            seen=seen_sources(),
            sources=CALIBRATED,
            significance=config["claims"]["significance"],
            code=code_fingerprint("scripts/frontier.py"),
        script:
            "../../scripts/frontier.py"


rule inventory:
    """Count and check the prepared sample, and describe every model by its card."""
    input:
        tensors=tensors_of("nominal"),
        features=config["features"],
        weights=rules.normalise.output.weights,
        models=over_trainings(rules.train.output.model),
    output:
        inventory=collected("inventory"),
    log:
        "<logs>/inventory.log",
    params:
        origins=origins(trained(rules.train.output.model)),
        code=code_fingerprint("scripts/inventory.py"),
    script:
        "../../scripts/inventory.py"


NOMINAL_TRAININGS = trained(
    rules.train.output.model,
    list(dict.fromkeys(pair["nominal"] for pair in config["figures"]["pairs"])),
)


rule sizes:
    """Say how far an epsilon moves each input in its unit, and its share in the effect on nominal models."""
    input:
        models=[path for path, _, _ in NOMINAL_TRAININGS],
        tensors=tensors_of("nominal"),
        spread=rules.spread.output.spread,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        table="<results>/tables/sizes.parquet",
        csv="<results>/tables/sizes.csv",
    log:
        "<logs>/sizes.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation"),
    params:
        origins=origins(NOMINAL_TRAININGS),
        attack=whole_definition(config["figures"]["attack"]),
        epsilon=config["claims"]["epsilon"],
        code=code_fingerprint("scripts/sizes.py"),
        attack_code=attacks_fingerprint([config["figures"]["attack"]]),
    script:
        "../../scripts/sizes.py"

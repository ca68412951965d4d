"""What the numbers of the attacks mean: what no attack can do.

Needs: models and the nominal test tensors. Makes: <results>/certificates/{model}/seed{seed}.parquet.
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
        mem_mb=3000,
    params:
        seed=config["seed"],
        discriminators=config["figures"]["discriminators"],
        settings=settings("certificates", "relative_cap", "physical", "frozen", "evaluation"),
        code=code_fingerprint("scripts/certify.py"),
    script:
        "../../scripts/certify.py"

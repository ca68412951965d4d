"""The verdicts on the published claims.

Needs: <results>/tables/{metrics,geometry,planes}.parquet. Makes: <results>/claims.md and claims.json.
"""


rule claims:
    """Test every published claim on measured numbers, for each pair of models on its own."""
    input:
        metrics=rules.collect.output.metrics,
        geometry=rules.collect.output.geometry,
        planes=rules.collect.output.planes,
    output:
        report=report(
            "<results>/claims.md",
            caption="../report/claims.rst",
            category="Claims",
        ),
        json="<results>/claims.json",
    log:
        "<logs>/claims.log",
    params:
        settings=claim_settings(),
        pairs=canonical(config["figures"]["pairs"]),
        code=code_fingerprint("claims", "evaluation/differences.py", "plotting/tables.py"),
    script:
        "../../scripts/claims.py"

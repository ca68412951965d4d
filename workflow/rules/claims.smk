"""The verdicts on the published claims.

Needs: <results>/tables/{metrics,geometry,planes}.parquet. Makes: <results>/claims.md and claims.json.
"""


rule claims:
    """Test every published claim on measured numbers, for each pair of models on its own."""
    input:
        metrics=collected("metrics"),
        geometry=collected("geometry"),
        planes=collected("planes"),
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
        code=code_fingerprint("scripts/claims.py"),
    script:
        "../../scripts/claims.py"

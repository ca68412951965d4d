"""The verdicts on the published claims.

Needs: <results>/tables/{metrics,geometry,planes}.parquet. Makes: <results>/claims.md and claims.json.
"""


def claim_settings() -> dict:
    """How claims are tested; the keys of `robustag.claims.evidence.Settings`."""
    figures = config["figures"]
    shared = {key: figures[key] for key in ("attack", "noise", "mismodellings")}
    return canonical({**config["claims"], **shared, "shown_epsilon": figures["epsilon"]})


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

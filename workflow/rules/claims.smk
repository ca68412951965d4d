"""The verdicts on the published claims.

Needs: <results>/tables/*. Makes: <results>/claims.md, claims.html and claims.json.
"""

# What this study has none of makes claims untestable.
CLAIM_TABLES = [table for table in keys_of("robustag.claims.evidence", "COLUMNS") if table in PARTS]


rule claims:
    """Test every published claim on measured numbers, for each pair of models on its own."""
    input:
        **{table: collected(table) for table in CLAIM_TABLES},
        inventory=rules.inventory.output.inventory,
        orders=rules.audit_orders.output.table,
    output:
        report="<results>/claims.md",
        json="<results>/claims.json",
        page=in_report("<results>/claims.html", "claims", "Headline", "claims with all tests"),
    log:
        "<logs>/claims.log",
    localrule: True
    params:
        tables=[*CLAIM_TABLES, "inventory"],
        settings=claim_settings(),
        pairs=canonical(config["figures"]["pairs"]),
        code=code_fingerprint("scripts/claims.py"),
        attack_code=attacks_fingerprint(RUN["attacks"]),
    script:
        "../../scripts/claims.py"

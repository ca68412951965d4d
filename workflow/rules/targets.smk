"""What a study ends with.

Needs: figures, verdicts and tables. Makes: <results>/summary.md, and the default target `all`.
"""

FIGURES = [rule.name for rule in workflow.rules if rule.name.startswith("fig_")]


rule summary:
    """The headline numbers and the verdicts on one page, printed when a study ends."""
    input:
        metrics=rules.collect.output.metrics,
        claims=rules.claims.output.json,
    output:
        summary=report("<results>/summary.md", caption="../report/summary.rst", category="Headline"),
    log:
        "<logs>/summary.log",
    params:
        settings=claim_settings(),
        pairs=canonical(config["figures"]["pairs"]),
        code=code_fingerprint("claims"),
    script:
        "../../scripts/summary.py"


rule all:
    """Everything: figures, verdicts, summary."""
    default_target: True
    input:
        *[getattr(rules, name).output for name in FIGURES],
        rules.claims.output,
        rules.summary.output,
    localrule: True


onsuccess:
    summary = Path(f"results/{config['study']}/summary.md")
    if summary.exists():
        print(summary.read_text(encoding="utf-8"))

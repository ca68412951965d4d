"""What a study ends with.

Needs: figures, verdicts and tables. Makes: <results>/summary.md, and the default target `all`.
"""

import time

from robustag.failures import explain
from robustag.workflow.forking.start import fork_jobs
from robustag.workflow.records import write_study_record

for makers in FIGURE_FILES.values():
    if len(makers) > 1:
        name = next(name for _, name in makers if name)
        names = " and ".join(dict.fromkeys(maker for maker, _ in makers))
        raise WorkflowError(
            f"config: the name '{name}' leads {names} to the same file: choose another name"
        )


# The rules of all figures, in the order of their definition.
FIGURES = list(dict.fromkeys(rule for makers in FIGURE_FILES.values() for rule, _ in makers))
# What a study is made for, by rule.
PRODUCTS = [
    *FIGURES,
    *("audit_orders", "metrics_csv", "mismodelling_verdicts", "sizes"),
    *(["scale_factors"] if CALIBRATED else []),
    *(["frontier"] if FRONTIER else []),
    *(["data_verdicts"] if DATA else []),
    *("claims", "export", "summary"),
]


rule summary:
    """What the study found on one page, printed when it ends."""
    input:
        metrics=collected("metrics"),
        pareto=collected_if_any("pareto"),
        mismodelling=rules.mismodelling_verdicts.output.table,
        certificates=collected_if_any("certificates"),
        certified_rates=collected_if_any("certified_rates"),
        data=rules.data_verdicts.output.table if DATA else [],
        sizes=rules.sizes.output.table,
        audit=collected("audit"),
        inventory=rules.inventory.output.inventory,
        claims=rules.claims.output.json,
    output:
        summary="<results>/summary.md",
        page=in_report("<results>/summary.html", "summary", "Headline", "summary on a page"),
    log:
        "<logs>/summary.log",
    localrule: True
    params:
        study=config["study"],
        settings=claim_settings(),
        pairs=canonical(config["figures"]["pairs"]),
        left_out=LEFT_OUT,
        weights=WEIGHT_VARIATIONS,
        code=code_fingerprint("scripts/summary.py"),
    script:
        "../../scripts/summary.py"


rule all:
    """Everything: figures, verdicts, summary."""
    default_target: True
    input:
        *[getattr(rules, name).output for name in PRODUCTS],
        *map(collected, PARTS),
    localrule: True


rule archive:
    """Pack the figures, verdicts and records of a study with the tables that redraw them (`make archive`)."""
    input:
        needed=[getattr(rules, name).input for name in [*FIGURES, "claims", "summary"]],
        made=[
            *rules.all.input,
            rules.validate_published.output if VALIDATED else [],
            f"results/{config['study']}/{INDEX}" if GIVEN_CHUNKS else [],
        ],
    output:
        archive=f"results/{config['study']}.tar.gz",
    log:
        "<logs>/archive.log",
    localrule: True
    params:
        results=lambda wildcards, output: output.archive.removesuffix(".tar.gz"),
        code=code_fingerprint("scripts/archive.py"),
    script:
        "../../scripts/archive.py"


STARTED = time.time()


onstart:
    try:
        write_study_record(f"results/{config['study']}", canonical(config))
    except OSError as error:
        raise WorkflowError(f"robustag: {explain(error) or error}") from None
    # Jobs of this machine; those of a cluster have Snakemake start their interpreters there.
    if workflow.local_exec:
        fork_jobs()
        # A limit of jobs a second has Snakemake look for new jobs a second after each time that it did, in a chain
        # of looks for every job that has ended: after 300 jobs that takes half of a core.
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    summary = Path(f"results/{config['study']}/summary.md")
    # A run for a single figure makes no summary; an older one would be misleading.
    if summary.exists() and summary.stat().st_mtime >= STARTED:
        print(summary.read_text(encoding="utf-8"))

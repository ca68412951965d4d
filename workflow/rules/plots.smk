"""The figures: one rule each, drawn from the collected tables alone.

Needs: <results>/tables/*.parquet. Makes: <results>/plots/fig_*.pdf, .png, and .csv with the numbers shown.
"""


rule fig_headline:
    """AUC against epsilon for attack and noise, nominal against adversarial training: the study in one picture."""
    input:
        metrics=collected("metrics"),
    output:
        pdf="<results>/plots/fig_headline.pdf",
        png=report(
            "<results>/plots/fig_headline.png",
            caption="../report/fig_headline.rst",
            category="Headline",
        ),
        csv="<results>/plots/fig_headline.csv",
    log:
        "<logs>/fig_headline.log",
    params:
        options=figure_options("discriminators", "attack", "noise"),
        code=code_fingerprint("scripts/fig_headline.py"),
    script:
        "../../scripts/fig_headline.py"


rule fig_roc:
    """ROC curves, raw and attacked, nominal and adversarial (one file a discriminator)."""
    input:
        curves=collected("curves"),
        metrics=collected("metrics"),
    output:
        pdf=expand("<results>/plots/fig_roc_{name}.pdf", name=config["figures"]["discriminators"]),
        png=report(
            expand("<results>/plots/fig_roc_{name}.png", name=config["figures"]["discriminators"]),
            caption="../report/fig_roc.rst",
            category="Robustness",
        ),
        csv=expand("<results>/plots/fig_roc_{name}.csv", name=config["figures"]["discriminators"]),
    log:
        "<logs>/fig_roc.log",
    params:
        options=figure_options("discriminators", "attack", "epsilon"),
        code=code_fingerprint("scripts/fig_roc.py"),
    script:
        "../../scripts/fig_roc.py"


rule fig_auc_epsilon:
    """AUC of every compared model against the size of every attack (one file a discriminator)."""
    input:
        metrics=collected("metrics"),
    output:
        pdf=expand(
            "<results>/plots/fig_auc_epsilon_{name}.pdf",
            name=config["figures"]["discriminators"],
        ),
        png=report(
            expand(
                "<results>/plots/fig_auc_epsilon_{name}.png",
                name=config["figures"]["discriminators"],
            ),
            caption="../report/fig_auc_epsilon.rst",
            category="Robustness",
        ),
        csv=expand(
            "<results>/plots/fig_auc_epsilon_{name}.csv",
            name=config["figures"]["discriminators"],
        ),
    log:
        "<logs>/fig_auc_epsilon.log",
    params:
        options={**figure_options("discriminators"), "attacks": RUN["attacks"]},
        code=code_fingerprint("scripts/fig_auc_epsilon.py"),
    script:
        "../../scripts/fig_auc_epsilon.py"


rule fig_mismodelling:
    """AUC lost to physics-inspired mismodelling, nominal against adversarial training."""
    input:
        metrics=collected("metrics"),
    output:
        pdf="<results>/plots/fig_mismodelling.pdf",
        png=report(
            "<results>/plots/fig_mismodelling.png",
            caption="../report/fig_mismodelling.rst",
            category="Mismodelling",
        ),
        csv="<results>/plots/fig_mismodelling.csv",
    log:
        "<logs>/fig_mismodelling.log",
    params:
        options=figure_options("discriminators", "mismodellings"),
        code=code_fingerprint("scripts/fig_mismodelling.py"),
    script:
        "../../scripts/fig_mismodelling.py"


rule fig_history:
    """Losses and validation AUC against the epoch."""
    input:
        history=collected("history"),
    output:
        pdf="<results>/plots/fig_history.pdf",
        png=report(
            "<results>/plots/fig_history.png",
            caption="../report/fig_history.rst",
            category="Training",
        ),
        csv="<results>/plots/fig_history.csv",
    log:
        "<logs>/fig_history.log",
    params:
        options=figure_options(),
        code=code_fingerprint("scripts/fig_history.py"),
    script:
        "../../scripts/fig_history.py"


rule fig_discriminator:
    """The first discriminator by true flavour, raw and attacked (one file a pair of models)."""
    input:
        histograms=collected("histograms"),
    output:
        pdf=expand("<results>/plots/fig_discriminator_{pair}.pdf", pair=FIGURE_PAIRS),
        png=report(
            expand("<results>/plots/fig_discriminator_{pair}.png", pair=FIGURE_PAIRS),
            caption="../report/fig_discriminator.rst",
            category="Shapes",
        ),
        csv=expand("<results>/plots/fig_discriminator_{pair}.csv", pair=FIGURE_PAIRS),
    log:
        "<logs>/fig_discriminator.log",
    params:
        options=figure_options("discriminators", "attack", "epsilon"),
        code=code_fingerprint("scripts/fig_discriminator.py"),
    script:
        "../../scripts/fig_discriminator.py"


rule fig_input:
    """One input by true flavour, raw and attacked (one file a pair of models)."""
    input:
        histograms=collected("histograms"),
        features=config["features"],
    output:
        pdf=expand("<results>/plots/fig_input_{pair}.pdf", pair=FIGURE_PAIRS),
        png=report(
            expand("<results>/plots/fig_input_{pair}.png", pair=FIGURE_PAIRS),
            caption="../report/fig_input.rst",
            category="Shapes",
        ),
        csv=expand("<results>/plots/fig_input_{pair}.csv", pair=FIGURE_PAIRS),
    log:
        "<logs>/fig_input.log",
    params:
        options=figure_options("input", "attack", "epsilon"),
        code=code_fingerprint("scripts/fig_input.py"),
    script:
        "../../scripts/fig_input.py"


rule fig_surface:
    """The loss around one jet and the gradients around many (one file a pair of models)."""
    input:
        planes=collected("planes"),
        geometry=collected("geometry"),
        features=config["features"],
    output:
        pdf=expand("<results>/plots/fig_surface_{pair}.pdf", pair=FIGURE_PAIRS),
        png=report(
            expand("<results>/plots/fig_surface_{pair}.png", pair=FIGURE_PAIRS),
            caption="../report/fig_surface.rst",
            category="Loss surface",
        ),
        csv=expand("<results>/plots/fig_surface_{pair}.csv", pair=FIGURE_PAIRS),
    log:
        "<logs>/fig_surface.log",
    params:
        options=figure_options(),
        code=code_fingerprint("scripts/fig_surface.py"),
    script:
        "../../scripts/fig_surface.py"

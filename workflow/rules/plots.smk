"""The figures: one rule each, drawn from the collected tables alone.

Needs: <results>/tables/*.parquet. Makes: <results>/plots/fig_*.pdf, .png, and .csv with the numbers shown.
"""


rule fig_headline:
    """AUC against epsilon for attack and noise, nominal against adversarial training: the study in one picture."""
    input:
        metrics=collected("metrics"),
    output:
        **figure("fig_headline", "Headline"),
    log:
        "<logs>/fig_headline.log",
    localrule: True
    params:
        options=figure_options("discriminators", "attack", "noise"),
        code=code_fingerprint("scripts/fig_headline.py"),
    script:
        "../../scripts/fig_headline.py"


rule fig_sketch:
    """Sketches of an adversarial jet and of adversarial training."""
    output:
        **figure("fig_sketch", "Training", ["jet", "training"]),
    log:
        "<logs>/fig_sketch.log",
    localrule: True
    params:
        code=code_fingerprint("scripts/fig_sketch.py"),
    script:
        "../../scripts/fig_sketch.py"


rule fig_kinematics:
    """Training jets by pT and eta, before and after weighting, and the weights."""
    input:
        weights=rules.normalise.output.weights,
    output:
        **figure("fig_kinematics", "Simulation", ["spectra", "weights"]),
    log:
        "<logs>/fig_kinematics.log",
    localrule: True
    params:
        options=figure_options(),
        code=code_fingerprint("scripts/fig_kinematics.py"),
    script:
        "../../scripts/fig_kinematics.py"


rule fig_roc:
    """ROC curves, raw and attacked, nominal and adversarial (one file a discriminator)."""
    input:
        curves=collected("curves"),
        metrics=collected("metrics"),
    output:
        **figure("fig_roc", "Robustness", config["figures"]["discriminators"]),
    log:
        "<logs>/fig_roc.log",
    localrule: True
    params:
        options=figure_options("discriminators", "attack", "epsilon"),
        code=code_fingerprint("scripts/fig_roc.py"),
    script:
        "../../scripts/fig_roc.py"


rule fig_roc_scan:
    """ROC curves at every epsilon of attack and noise (one file per pair of models)."""
    input:
        curves=collected("curves"),
        metrics=collected("metrics"),
    output:
        **figure("fig_roc_scan", "Robustness", FIGURE_PAIRS),
    log:
        "<logs>/fig_roc_scan.log",
    localrule: True
    params:
        options=figure_options("discriminators", "attack", "noise", "epsilons"),
        code=code_fingerprint("scripts/fig_roc_scan.py"),
    script:
        "../../scripts/fig_roc_scan.py"


if SHOWN_ROCS:

    rule fig_roc_perturbations:
        """ROC curves under systematic shifts, and under a capped attack (one file a set of perturbations)."""
        input:
            curves=collected("curves"),
            metrics=collected("metrics"),
        output:
            **figure("fig_roc_perturbations", "Robustness", SHOWN_ROCS),
        log:
            "<logs>/fig_roc_perturbations.log",
        localrule: True
        params:
            options=figure_options("discriminators", "rocs", "epsilon"),
            code=code_fingerprint("scripts/fig_roc_perturbations.py"),
        script:
            "../../scripts/fig_roc_perturbations.py"


rule fig_auc_epsilon:
    """AUC that every compared model loses against the size of every attack (one file a discriminator)."""
    input:
        metrics=collected("metrics"),
    output:
        **figure("fig_auc_epsilon", "Robustness", config["figures"]["discriminators"]),
    log:
        "<logs>/fig_auc_epsilon.log",
    localrule: True
    params:
        options=figure_options("discriminators") | attacks_by_budget(config),
        code=code_fingerprint("scripts/fig_auc_epsilon.py"),
    script:
        "../../scripts/fig_auc_epsilon.py"


rule fig_fixed_cut:
    """Efficiency and mis-tag rate at cuts fixed on raw jets, against epsilon (one file a discriminator)."""
    input:
        metrics=collected("metrics"),
    output:
        **figure("fig_fixed_cut", "Robustness", config["figures"]["discriminators"]),
    log:
        "<logs>/fig_fixed_cut.log",
    localrule: True
    params:
        options=figure_options("discriminators", "attack", "noise"),
        code=code_fingerprint("scripts/fig_fixed_cut.py"),
    script:
        "../../scripts/fig_fixed_cut.py"


rule fig_bins:
    """Efficiency and mis-tag rate at a fixed cut in bins of pT and |eta| (one file per pair of models)."""
    input:
        bins=collected("bins"),
    output:
        **figure("fig_bins", "Robustness", FIGURE_PAIRS),
    log:
        "<logs>/fig_bins.log",
    localrule: True
    params:
        options=figure_options("discriminators", "attack", "epsilon"),
        code=code_fingerprint("scripts/fig_bins.py"),
    script:
        "../../scripts/fig_bins.py"


rule fig_transfer:
    """AUC lost to inputs crafted on another model (one file a discriminator)."""
    input:
        transfer=collected("transfer"),
    output:
        **figure("fig_transfer", "Robustness", config["figures"]["discriminators"]),
    log:
        "<logs>/fig_transfer.log",
    localrule: True
    params:
        options=figure_options("discriminators"),
        code=code_fingerprint("scripts/fig_transfer.py"),
    script:
        "../../scripts/fig_transfer.py"


if SHOWN_MISMODELLINGS:

    rule fig_mismodelling:
        """What physics-inspired mismodelling costs, nominal against adversarial training, and the paired gain."""
        input:
            metrics=collected("metrics"),
        output:
            **figure("fig_mismodelling", "Mismodelling"),
        log:
            "<logs>/fig_mismodelling.log",
        localrule: True
        params:
            options={
                **figure_options("discriminators", "mismodellings"),
                "working_point": config["claims"]["working_point"],
            },
            code=code_fingerprint("scripts/fig_mismodelling.py"),
        script:
            "../../scripts/fig_mismodelling.py"


if "certificates" in PARTS:

    rule fig_certified:
        """What the best attack does to AUC and working point, and what provably no attack can, against epsilon."""
        input:
            certificates=collected("certificates"),
        output:
            **figure("fig_certified", "Robustness"),
        log:
            "<logs>/fig_certified.log",
        localrule: True
        params:
            options={
                **figure_options("discriminators"),
                "mistags": config["evaluation"]["mistags"],
                "certified": RUN["certified"],
            },
            code=code_fingerprint("scripts/fig_certified.py"),
        script:
            "../../scripts/fig_certified.py"


if "groups" in PARTS:

    rule fig_groups:
        """What an attack on each group of inputs costs, and what is saved when this group stays."""
        input:
            groups=collected("groups"),
        output:
            **figure("fig_groups", "Robustness"),
        log:
            "<logs>/fig_groups.log",
        localrule: True
        params:
            options={**figure_options(), **TRAINING_SHOWN},
            attack=config["groups"]["attacks"][0],
            significance=config["claims"]["significance"],
            code=code_fingerprint("scripts/fig_groups.py"),
        script:
            "../../scripts/fig_groups.py"


if "optimality" in PARTS:

    rule fig_optimality:
        """How close each attack comes to the best of all, against the passes it takes."""
        input:
            optimality=collected("optimality"),
        output:
            **figure("fig_optimality", "Robustness"),
        log:
            "<logs>/fig_optimality.log",
        localrule: True
        params:
            options={**figure_options(), "strength": config["optimality"]["epsilon"]},
            code=code_fingerprint("scripts/fig_optimality.py"),
        script:
            "../../scripts/fig_optimality.py"


if "distances" in PARTS:

    rule fig_input_distance:
        """How far attacked and mis-modelled inputs are from clean ones, one by one and all at once."""
        input:
            distances=collected("distances"),
        output:
            **figure("fig_input_distance", "Shapes"),
        log:
            "<logs>/fig_input_distance.log",
        localrule: True
        params:
            options=figure_options("mismodellings", "kinds"),
            code=code_fingerprint("scripts/fig_input_distance.py"),
        script:
            "../../scripts/fig_input_distance.py"


if UNDETECTED:

    rule fig_undetected:
        """What perturbations cost at the working point, against the jets of data that would show them."""
        input:
            table=rules.undetected.output.table,
        output:
            **figure("fig_undetected", "Mismodelling"),
        log:
            "<logs>/fig_undetected.log",
        localrule: True
        params:
            options=figure_options("discriminators", "data_jets"),
            working_point=config["claims"]["working_point"],
            code=code_fingerprint("scripts/fig_undetected.py"),
        script:
            "../../scripts/fig_undetected.py"


if config["evaluation"]["inputs"]:

    rule fig_mismodelling_map:
        """What attacks and mismodellings cost, against how far they move the inputs."""
        input:
            verdicts=rules.mismodelling_verdicts.output.table,
            histograms=collected("histograms"),
        output:
            **figure("fig_mismodelling_map", "Mismodelling"),
        log:
            "<logs>/fig_mismodelling_map.log",
        localrule: True
        params:
            options=figure_options("discriminators", "attack", "noise", "inputs"),
            code=code_fingerprint("scripts/fig_mismodelling_map.py"),
        script:
            "../../scripts/fig_mismodelling_map.py"


if CALIBRATED:

    rule fig_scale_factors:
        """Calibration uncertainties by source, nominal beside adversarial (one file per pair of models)."""
        input:
            table=rules.scale_factors.output.table,
        output:
            **figure("fig_scale_factors", "Mismodelling", FIGURE_PAIRS),
        log:
            "<logs>/fig_scale_factors.log",
        localrule: True
        params:
            options=figure_options("discriminators"),
            mistags=config["evaluation"]["mistags"],
            code=code_fingerprint("scripts/fig_scale_factors.py"),
        script:
            "../../scripts/fig_scale_factors.py"


if FRONTIER:

    rule fig_frontier:
        """Ways of training: performance against calibration uncertainty and against attacks."""
        input:
            uncertainties=rules.frontier.output.uncertainties,
            performances=rules.frontier.output.performances,
        output:
            **figure("fig_frontier", "Mismodelling"),
        log:
            "<logs>/fig_frontier.log",
        localrule: True
        params:
            options=frontier_options(),
            code=code_fingerprint("scripts/fig_frontier.py"),
        script:
            "../../scripts/fig_frontier.py"

    rule fig_leave_one_out:
        """What each way of training has seen against the sources it is judged on."""
        input:
            uncertainties=rules.frontier.output.uncertainties,
        output:
            **figure("fig_leave_one_out", "Mismodelling"),
        log:
            "<logs>/fig_leave_one_out.log",
        localrule: True
        params:
            options=frontier_options(),
            seen=seen_sources(),
            code=code_fingerprint("scripts/fig_leave_one_out.py"),
        script:
            "../../scripts/fig_leave_one_out.py"

    rule fig_closure:
        """Bias after a calibration and coverage of its claimed uncertainty, for every way of training."""
        input:
            residuals=rules.frontier.output.residuals,
            coverage=rules.frontier.output.coverage,
            pseudo_data=[rules.frontier.output.pseudo_data] if PSEUDO_DATA else [],
        output:
            **figure("fig_closure", "Mismodelling"),
        log:
            "<logs>/fig_closure.log",
        localrule: True
        params:
            options=frontier_options(),
            code=code_fingerprint("scripts/fig_closure.py"),
        script:
            "../../scripts/fig_closure.py"


if RUN["variations"]:

    rule fig_alignment:
        """Where the attack points beside where systematics point (one file a compared model)."""
        input:
            alignment=collected("alignment"),
            spans=collected("spans"),
        output:
            **figure("fig_alignment", "Mismodelling", FIGURE_MODELS),
        log:
            "<logs>/fig_alignment.log",
        localrule: True
        params:
            models=FIGURE_MODELS,
            options=figure_options("discriminators"),
            code=code_fingerprint("scripts/fig_alignment.py"),
        script:
            "../../scripts/fig_alignment.py"


rule fig_history:
    """Losses and validation AUC against the epoch."""
    input:
        history=collected("history"),
    output:
        **figure("fig_history", "Training"),
    log:
        "<logs>/fig_history.log",
    localrule: True
    params:
        options=figure_options(),
        code=code_fingerprint("scripts/fig_history.py"),
    script:
        "../../scripts/fig_history.py"


rule fig_output:
    """The three outputs by true flavour, raw and attacked (one file per pair of models)."""
    input:
        histograms=collected("histograms"),
    output:
        **figure("fig_output", "Shapes", FIGURE_PAIRS),
    log:
        "<logs>/fig_output.log",
    localrule: True
    params:
        options=figure_options("attack", "epsilon"),
        code=code_fingerprint("scripts/fig_output.py"),
    script:
        "../../scripts/fig_output.py"


rule fig_auc_epoch:
    """AUC against the epoch, raw and attacked: does a tagger grow vulnerable while it learns?"""
    input:
        epochs=collected("epochs"),
    output:
        **figure("fig_auc_epoch", "Training"),
    log:
        "<logs>/fig_auc_epoch.log",
    localrule: True
    params:
        options={**figure_options("attack", "noise", "epsilon"), **TRAINING_SHOWN},
        code=code_fingerprint("scripts/fig_auc_epoch.py"),
    script:
        "../../scripts/fig_auc_epoch.py"


if PARETO:

    rule fig_pareto:
        """Clean against attacked AUC of every recipe: what robustness costs."""
        input:
            metrics=collected("pareto"),
        output:
            **figure("fig_pareto", "Training"),
        log:
            "<logs>/fig_pareto.log",
        localrule: True
        params:
            options=pareto_options(),
            code=code_fingerprint("scripts/fig_pareto.py"),
        script:
            "../../scripts/fig_pareto.py"


rule fig_discriminator:
    """The discriminators by true flavour, raw and attacked (one file per pair of models)."""
    input:
        histograms=collected("histograms"),
    output:
        **figure("fig_discriminator", "Shapes", FIGURE_PAIRS),
    log:
        "<logs>/fig_discriminator.log",
    localrule: True
    params:
        options=figure_options("discriminators", "attack", "epsilon"),
        code=code_fingerprint("scripts/fig_discriminator.py"),
    script:
        "../../scripts/fig_discriminator.py"


rule fig_threshold:
    """Efficiency and mis-tag rate against the cut, raw and attacked (one file per pair of models)."""
    input:
        histograms=collected("histograms"),
    output:
        **figure("fig_threshold", "Shapes", FIGURE_PAIRS),
    log:
        "<logs>/fig_threshold.log",
    localrule: True
    params:
        options=figure_options("discriminators", "attack", "epsilon"),
        code=code_fingerprint("scripts/fig_threshold.py"),
    script:
        "../../scripts/fig_threshold.py"


rule fig_calibration:
    """Predicted probabilities against what is observed, raw and attacked (one file per pair of models)."""
    input:
        calibration=collected("calibration"),
    output:
        **figure("fig_calibration", "Probabilities", FIGURE_PAIRS),
    log:
        "<logs>/fig_calibration.log",
    localrule: True
    params:
        options=figure_options("attack", "epsilon"),
        code=code_fingerprint("scripts/fig_calibration.py"),
    script:
        "../../scripts/fig_calibration.py"


rule fig_confusion:
    """Confusion matrices, raw and attacked (one file per pair of models)."""
    input:
        confusion=collected("confusion"),
    output:
        **figure("fig_confusion", "Probabilities", FIGURE_PAIRS),
    log:
        "<logs>/fig_confusion.log",
    localrule: True
    params:
        options=figure_options("attack", "epsilon"),
        code=code_fingerprint("scripts/fig_confusion.py"),
    script:
        "../../scripts/fig_confusion.py"


if config["evaluation"]["inputs"]:

    rule fig_input:
        """Inputs by true flavour, raw and attacked (one file per pair of models)."""
        input:
            histograms=collected("histograms"),
            features=config["features"],
        output:
            **figure("fig_input", "Shapes", FIGURE_PAIRS),
        log:
            "<logs>/fig_input.log",
        localrule: True
        params:
            options=figure_options("inputs", "labels", "attack", "epsilon"),
            code=code_fingerprint("scripts/fig_input.py"),
        script:
            "../../scripts/fig_input.py"


if config["evaluation"]["inputs"]:

    rule fig_input_epsilon:
        """Inputs of all jets at every epsilon (one file for the attack, one for noise)."""
        input:
            histograms=collected("histograms"),
            features=config["features"],
        output:
            **figure(
                "fig_input_epsilon",
                "Shapes",
                [config["figures"][kind] for kind in ("attack", "noise")],
            ),
        log:
            "<logs>/fig_input_epsilon.log",
        localrule: True
        params:
            options=figure_options("inputs", "labels", "attack", "noise"),
            code=code_fingerprint("scripts/fig_input_epsilon.py"),
        script:
            "../../scripts/fig_input_epsilon.py"


FIGURE_FILES["<results>/plots/fig_surface_corners"] = [("fig_surface", "")]


rule fig_surface:
    """The loss around one jet over two of its inputs, with the attacks' paths (one file per pair of models)."""
    input:
        planes=collected("planes"),
        paths=collected("paths"),
    output:
        **figure("fig_surface", "Loss surface", FIGURE_PAIRS),
        corners="<results>/plots/fig_surface_corners.csv",
    log:
        "<logs>/fig_surface.log",
    localrule: True
    params:
        options=figure_options("labels", "published"),
        code=code_fingerprint("scripts/fig_surface.py"),
    script:
        "../../scripts/fig_surface.py"


rule fig_surface_planes:
    """The loss around the same jet along gradients, principal directions and other inputs."""
    input:
        planes=collected("planes"),
        paths=collected("paths"),
    output:
        **figure("fig_surface_planes", "Loss surface", FIGURE_PAIRS),
    log:
        "<logs>/fig_surface_planes.log",
    localrule: True
    params:
        options=figure_options("labels"),
        code=code_fingerprint("scripts/fig_surface_planes.py"),
    script:
        "../../scripts/fig_surface_planes.py"


rule fig_surface_average:
    """The loss averaged over jets of a flavour, in planes of inputs, gradients and principal directions."""
    input:
        planes=collected("planes"),
        paths=collected("paths"),
    output:
        **figure("fig_surface_average", "Loss surface", FIGURE_PAIRS),
    log:
        "<logs>/fig_surface_average.log",
    localrule: True
    params:
        options=figure_options(),
        code=code_fingerprint("scripts/fig_surface_average.py"),
    script:
        "../../scripts/fig_surface_average.py"


rule fig_surface_statistics:
    """Steepness, curvature, stability and distances over many jets of each flavour."""
    input:
        statistics=collected("surface_statistics"),
    output:
        **figure("fig_surface_statistics", "Loss surface"),
    log:
        "<logs>/fig_surface_statistics.log",
    localrule: True
    params:
        options=figure_options(),
        code=code_fingerprint("scripts/fig_surface_statistics.py"),
    script:
        "../../scripts/fig_surface_statistics.py"


rule fig_surface_weights:
    """The clean and the attacked loss over two random directions of the weights."""
    input:
        weights=collected("weights"),
    output:
        **figure("fig_surface_weights", "Loss surface"),
    log:
        "<logs>/fig_surface_weights.log",
    localrule: True
    params:
        options=figure_options(),
        code=code_fingerprint("scripts/fig_surface_weights.py"),
    script:
        "../../scripts/fig_surface_weights.py"

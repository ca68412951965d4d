"""Validation of the simulation.

Needs: the configuration, and ntuples of the study's first sample. Makes: <results>/validation/*,
<results>/tables/simulation_{validation.csv,histograms.parquet} and <results>/plots/fig_simulation_*.
"""


use rule generate as validate_generate with:
    """Simulate one chunk of a sample like the public data set, to be compared with its published moments."""
    input:
        pool=minimum_bias_for(validation_generator()),
    output:
        nominal="<results>/validation/ntuples/{sample}/{chunk}.root",
        variations=[],
    log:
        "<logs>/validate_generate/{sample}/{chunk}.log",
    params:
        seed=config["seed"],
        sample=lambda wildcards: validation_sample(wildcards.sample),
        generator=validation_generator(),
        variations={},
        weights={},
        code=code_fingerprint("scripts/generate.py"),


rule validate_inputs:
    """Power sums of the inputs of one chunk (the map step)."""
    input:
        ntuple=rules.validate_generate.output.nominal,
        features=config["features"],
        published=config["validation"]["published"],
    output:
        sums="<results>/validation/inputs/{sample}/{chunk}.parquet",
    log:
        "<logs>/validate_inputs/{sample}/{chunk}.log",
    params:
        process=lambda wildcards: validation_sample(wildcards.sample)["process"],
        code=code_fingerprint("scripts/validate_inputs.py"),
    script:
        "../../scripts/validate_inputs.py"


rule validate_published:
    """Mean and width of every input beside those of the public data set, and how often it is missing."""
    input:
        sums=over_validation_chunks(rules.validate_inputs.output.sums),
        features=config["features"],
        published=config["validation"]["published"],
    output:
        table="<results>/tables/simulation_validation.parquet",
        csv="<results>/tables/simulation_validation.csv",
    log:
        "<logs>/validate_published.log",
    params:
        code=code_fingerprint("scripts/validate_published.py"),
    script:
        "../../scripts/validate_published.py"


rule validate_truth:
    """Histograms of tracks, vertices and lifetimes of one chunk (the map step)."""
    input:
        ntuple="<results>/ntuples/{sample}/nominal/{chunk}.root",
    output:
        histograms="<results>/validation/histograms/{sample}/{chunk}.parquet",
    log:
        "<logs>/validate_truth/{sample}/{chunk}.log",
    params:
        code=code_fingerprint("scripts/validate_truth.py"),
    script:
        "../../scripts/validate_truth.py"


rule validate_histograms:
    """Add the histograms of all chunks that are compared with their truth."""
    input:
        histograms=over_closure_chunks(rules.validate_truth.output.histograms),
    output:
        histograms="<results>/tables/simulation_histograms.parquet",
    log:
        "<logs>/validate_histograms.log",
    params:
        code=code_fingerprint("scripts/validate_histograms.py"),
    script:
        "../../scripts/validate_histograms.py"


if config["validation"]["samples"]:

    rule fig_simulation_inputs:
        """Means and widths of all inputs against those of the public data set."""
        input:
            table=rules.validate_published.output.table,
        output:
            **figure("fig_simulation_inputs", "Simulation"),
        log:
            "<logs>/fig_simulation_inputs.log",
        localrule: True
        params:
            options={"sample": config["validation"]["label"]},
            code=code_fingerprint("scripts/fig_simulation_inputs.py"),
        script:
            "../../scripts/fig_simulation_inputs.py"


rule fig_simulation_tracks:
    """Tracks a jet, impact-parameter significance and z0 by flavour."""
    input:
        histograms=rules.validate_histograms.output.histograms,
    output:
        **figure("fig_simulation_tracks", "Simulation"),
    log:
        "<logs>/fig_simulation_tracks.log",
    localrule: True
    params:
        options={"sample": config["figures"]["sample"]},
        code=code_fingerprint("scripts/fig_simulation_tracks.py"),
    script:
        "../../scripts/fig_simulation_tracks.py"


rule fig_simulation_vertices:
    """Secondary vertices by flavour: mass, tracks, flight, how often they are found and what they are made of."""
    input:
        histograms=rules.validate_histograms.output.histograms,
    output:
        **figure("fig_simulation_vertices", "Simulation"),
    log:
        "<logs>/fig_simulation_vertices.log",
    localrule: True
    params:
        options={"sample": config["figures"]["sample"]},
        code=code_fingerprint("scripts/fig_simulation_vertices.py"),
    script:
        "../../scripts/fig_simulation_vertices.py"


rule fig_simulation_resolution:
    """Track resolution against pT and eta, and pulls, from the truth."""
    input:
        histograms=rules.validate_histograms.output.histograms,
    output:
        **figure("fig_simulation_resolution", "Simulation"),
    log:
        "<logs>/fig_simulation_resolution.log",
    localrule: True
    params:
        options={"sample": config["figures"]["sample"]},
        code=code_fingerprint("scripts/fig_simulation_resolution.py"),
    script:
        "../../scripts/fig_simulation_resolution.py"


rule fig_simulation_lifetime:
    """Proper decay lengths of b hadrons, true and from vertices, with their slopes."""
    input:
        histograms=rules.validate_histograms.output.histograms,
    output:
        **figure("fig_simulation_lifetime", "Simulation"),
    log:
        "<logs>/fig_simulation_lifetime.log",
    localrule: True
    params:
        options={"sample": config["figures"]["sample"]},
        code=code_fingerprint("scripts/fig_simulation_lifetime.py"),
    script:
        "../../scripts/fig_simulation_lifetime.py"

"""Ntuples to tensors.

Needs: the ntuples. Makes: <results>/tensors/normalisation.json, weights.safetensors and
<results>/tensors/{sample}/{nominal or variation}/{chunk}.safetensors.
"""


rule summarise:
    """Moments, minima and kinematic histograms of one chunk (the map step)."""
    input:
        ntuple="<results>/ntuples/{sample}/nominal/{chunk}.root",
        features=config["features"],
    output:
        summary="<results>/tensors/{sample}/summaries/{chunk}.safetensors",
    log:
        "<logs>/summarise/{sample}/{chunk}.log",
    params:
        settings("split", "weights"),
        code=code_fingerprint("scripts/summarise.py"),
    script:
        "../../scripts/summarise.py"


rule normalise:
    """Merge the summaries of all chunks into the scaling of the inputs and the kinematic weights."""
    input:
        summaries=over_chunks("<results>/tensors/{sample}/summaries/{chunk}.safetensors"),
        features=config["features"],
    output:
        normalisation="<results>/tensors/normalisation.json",
        weights="<results>/tensors/weights.safetensors",
    log:
        "<logs>/normalise.log",
    params:
        settings("weights"),
        code=code_fingerprint("scripts/normalise.py"),
    script:
        "../../scripts/normalise.py"


rule tensorise:
    """Clean, scale, weight and split the jets of one chunk."""
    input:
        ntuple="<results>/ntuples/{sample}/{variation}/{chunk}.root",
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        weights=rules.normalise.output.weights,
    output:
        tensors="<results>/tensors/{sample}/{variation}/{chunk}.safetensors",
    log:
        "<logs>/tensorise/{sample}/{variation}/{chunk}.log",
    params:
        settings("split"),
        code=code_fingerprint("scripts/tensorise.py"),
    script:
        "../../scripts/tensorise.py"

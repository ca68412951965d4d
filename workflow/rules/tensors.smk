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
    resources:
        mem_mb=memory("chunk"),
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
    resources:
        mem_mb=memory("chunk"),
    params:
        settings("weights"),
        code=code_fingerprint("scripts/normalise.py"),
    script:
        "../../scripts/normalise.py"


rule tensorise:
    """Clean, scale, weight and split the jets of one chunk, and of the same collisions in every other detector."""
    input:
        ntuples=rules.generate.output,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        weights=rules.normalise.output.weights,
    output:
        tensors=[
            f"<results>/tensors/{{sample}}/{name}/{{chunk}}.safetensors"
            for name in ["nominal", *DETECTOR_VARIATIONS]
        ],
    log:
        "<logs>/tensorise/{sample}/{chunk}.log",
    resources:
        mem_mb=memory("chunk"),
    params:
        settings("split"),
        code=code_fingerprint("scripts/tensorise.py"),
    script:
        "../../scripts/tensorise.py"


use rule tensorise as tensorise_records with:
    """Turn one chunk of every variation of reconstructed tracks and jets into tensors."""
    input:
        ntuples=rules.vary_records.output.varied,
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        weights=rules.normalise.output.weights,
    output:
        tensors=[
            f"<results>/tensors/{{sample}}/{name}/{{chunk}}.safetensors"
            for name in RECORD_VARIATIONS
        ],
    log:
        "<logs>/tensorise_records/{sample}/{chunk}.log",


use rule tensorise as tensorise_varied with:
    """Turn one chunk of a variation of the generator into tensors."""
    input:
        ntuples=[rules.generate_varied.output.varied],
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        weights=rules.normalise.output.weights,
    output:
        tensors=["<results>/tensors/{sample}/{variation}/{chunk}.safetensors"],
    log:
        "<logs>/tensorise/{sample}/{variation}/{chunk}.log",
    wildcard_constraints:
        variation=names_or_none(GENERATOR_VARIATIONS),


rule index:
    """List the tensor files of all samples, so that jobs which read all of them name one file, not hundreds."""
    input:
        tensors=lambda wildcards: tensor_files(wildcards.variation),
    output:
        index="<results>/tensors/{variation}.index.json",
    log:
        "<logs>/index/{variation}.log",
    localrule: True
    params:
        code=code_fingerprint("scripts/index.py"),
    script:
        "../../scripts/index.py"

"""Ntuples to tensors.

Needs: the ntuples. Makes: <results>/tensors/normalisation.json, weights.safetensors and
<results>/tensors/{sample}/{nominal or variation}/{chunk}.safetensors; in between
<results>/records/{sample}/{nominal or variation}/{chunk}.safetensors.
"""


rule records:
    """Read, check and select the jets of one simulated chunk, and of the same collisions in every other detector.

    These rules alone read ntuples for the study. What they write needs no reader, order or check any more, and
    goes when there are tensors.
    """
    input:
        ntuples=rules.generate.output,
        features=config["features"],
    output:
        records=temp(records_files("nominal", *DETECTOR_VARIATIONS)),
    log:
        "<logs>/records/{sample}/{chunk}.log",
    wildcard_constraints:
        sample=names_or_none(SIMULATED),
    resources:
        mem_mb=memory("chunk"),
    params:
        read=how_to_read(),
        code=code_fingerprint("scripts/records.py"),
        reader=reader_fingerprint("generated"),
    script:
        "../../scripts/records.py"


use rule records as records_changed with:
    """Read, check and select the jets of one chunk of every variation of reconstructed tracks and jets."""
    input:
        ntuples=rules.vary_records.output.varied,
        features=config["features"],
    output:
        records=temp(records_files(*RECORD_VARIATIONS)),
    log:
        "<logs>/records_changed/{sample}/{chunk}.log",


use rule records as records_varied with:
    """Read, check and select the jets of one chunk of a variation of the generator."""
    input:
        ntuples=[rules.generate_varied.output.varied],
        features=config["features"],
    output:
        records=temp(records_files("{variation}")),
    log:
        "<logs>/records/{sample}/{variation}/{chunk}.log",
    wildcard_constraints:
        sample=names_or_none(SIMULATED),
        variation=names_or_none(GENERATOR_VARIATIONS),


use rule records as records_given with:
    """Read, check and select the jets of one range of entries of a sample that is given as files."""
    input:
        ntuples=given_file,
        features=config["features"],
    output:
        records=temp(records_files("{variation}")),
    log:
        "<logs>/records_given/{sample}/{variation}/{chunk}.log",
    wildcard_constraints:
        sample=names_or_none(GIVEN),
    resources:
        mem_mb=given_memory,
    params:
        read=lambda wildcards: how_to_read(wildcards),
        code=code_fingerprint("scripts/records.py"),
        reader=lambda wildcards: reader_fingerprint(config["samples"][wildcards.sample]["format"]),


rule summarise:
    """Moments, minima, kinematic histograms and a sketch of the jets of one chunk (the map step)."""
    input:
        records="<results>/records/{sample}/nominal/{chunk}.safetensors",
    output:
        summary="<results>/tensors/{sample}/summaries/{chunk}.safetensors",
        sketch="<results>/tensors/{sample}/summaries/{chunk}.sketch.safetensors",
    log:
        "<logs>/summarise/{sample}/{chunk}.log",
    resources:
        mem_mb=memory("chunk"),
    params:
        settings=settings("split", "weights", "event_weights"),
        code=code_fingerprint("scripts/summarise.py"),
    script:
        "../../scripts/summarise.py"


rule normalise:
    """Merge the summaries of all chunks into the scaling of the inputs and the kinematic weights.

    No jet may stand twice among the chunks, unless that is accepted.
    """
    input:
        summaries=over_chunks("<results>/tensors/{sample}/summaries/{chunk}.safetensors"),
        sketches=over_chunks("<results>/tensors/{sample}/summaries/{chunk}.sketch.safetensors"),
        features=config["features"],
    output:
        normalisation="<results>/tensors/normalisation.json",
        weights="<results>/tensors/weights.safetensors",
    log:
        "<logs>/normalise.log",
    resources:
        mem_mb=memory("chunk"),
    params:
        settings=settings("weights", "repeated_jets"),
        files=chunk_files(),
        code=code_fingerprint("scripts/normalise.py"),
    script:
        "../../scripts/normalise.py"


rule tensorise:
    """Clean, scale, weight and split the jets of one chunk, and of the same collisions in every other detector."""
    input:
        records=records_files("nominal", *DETECTOR_VARIATIONS),
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
    wildcard_constraints:
        sample=names_or_none(SIMULATED),
    resources:
        mem_mb=memory("chunk"),
    params:
        settings=settings("split", "event_weights"),
        code=code_fingerprint("scripts/tensorise.py"),
    script:
        "../../scripts/tensorise.py"


use rule tensorise as tensorise_records with:
    """Turn one chunk of every variation of reconstructed tracks and jets into tensors."""
    input:
        records=records_files(*RECORD_VARIATIONS),
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
        records=records_files("{variation}"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        weights=rules.normalise.output.weights,
    output:
        tensors=["<results>/tensors/{sample}/{variation}/{chunk}.safetensors"],
    log:
        "<logs>/tensorise/{sample}/{variation}/{chunk}.log",
    wildcard_constraints:
        sample=names_or_none(SIMULATED),
        variation=names_or_none(GENERATOR_VARIATIONS),


use rule tensorise as tensorise_given with:
    """Turn one chunk of a sample that is given as files into tensors."""
    input:
        records=records_files("{variation}"),
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        weights=rules.normalise.output.weights,
    output:
        tensors=["<results>/tensors/{sample}/{variation}/{chunk}.safetensors"],
    log:
        "<logs>/tensorise_given/{sample}/{variation}/{chunk}.log",
    wildcard_constraints:
        sample=names_or_none(GIVEN),
    resources:
        mem_mb=given_memory,


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

"""Simulated collisions.

Needs: nothing but the configuration. Makes: <results>/ntuples/{sample}/{nominal or variation}/{chunk}.root and,
for pile-up, <results>/minimum_bias.safetensors.
"""


rule minimum_bias:
    """Simulate the minimum-bias collisions that all pile-up of the study is drawn from."""
    output:
        pool=MINIMUM_BIAS,
    log:
        "<logs>/minimum_bias.log",
    resources:
        mem_mb=memory("chunk"),
    params:
        seed=config["seed"],
        collisions=config["minimum_bias"]["collisions"],
        code=code_fingerprint("scripts/minimum_bias.py"),
    script:
        "../../scripts/minimum_bias.py"


rule generate:
    """Simulate one chunk of a sample: collisions, detector, jets, tagging variables.

    Detector variations are made in the same job from the same collisions, so that a difference between
    them and nominal is the detector's alone. So are weights with which the collisions stand for another generator.
    """
    input:
        pool=minimum_bias_for(config["generator"], DETECTOR_VARIATIONS),
    output:
        nominal="<results>/ntuples/{sample}/nominal/{chunk}.root",
        variations=[
            f"<results>/ntuples/{{sample}}/{name}/{{chunk}}.root" for name in DETECTOR_VARIATIONS
        ],
    log:
        "<logs>/generate/{sample}/{chunk}.log",
    resources:
        mem_mb=memory("chunk"),
    params:
        seed=config["seed"],
        sample=lambda wildcards: definition("samples", wildcards.sample),
        generator=settings("generator")["generator"],
        variations={
            name: definition("variations", name)["detector"] for name in DETECTOR_VARIATIONS
        },
        weights={name: definition("variations", name)["weights"] for name in WEIGHT_VARIATIONS},
        code=code_fingerprint("scripts/generate.py"),
    script:
        "../../scripts/generate.py"


rule generate_varied:
    """Simulate one chunk of a sample with other settings of Pythia and the seed of the nominal chunk."""
    input:
        pool=minimum_bias_for(config["generator"]),
    output:
        varied="<results>/ntuples/{sample}/{variation}/{chunk}.root",
    log:
        "<logs>/generate/{sample}/{variation}/{chunk}.log",
    wildcard_constraints:
        variation=names_or_none(GENERATOR_VARIATIONS),
    resources:
        mem_mb=memory("chunk"),
    params:
        seed=config["seed"],
        sample=lambda wildcards: definition("samples", wildcards.sample),
        generator=settings("generator")["generator"],
        pythia=lambda wildcards: definition("variations", wildcards.variation)["generator"][
            "pythia"
        ],
        code=code_fingerprint("scripts/generate_varied.py"),
    script:
        "../../scripts/generate_varied.py"


rule vary_records:
    """Change the tracks and jets of one nominal chunk in every way of the study, and make the rest anew."""
    input:
        ntuple="<results>/ntuples/{sample}/nominal/{chunk}.root",
    output:
        varied=[f"<results>/ntuples/{{sample}}/{name}/{{chunk}}.root" for name in RECORD_VARIATIONS],
    log:
        "<logs>/vary_records/{sample}/{chunk}.log",
    resources:
        mem_mb=memory("chunk"),
    params:
        seed=config["seed"],
        variations={name: definition("variations", name)["records"] for name in RECORD_VARIATIONS},
        code=code_fingerprint("scripts/vary_records.py"),
    script:
        "../../scripts/vary_records.py"

"""Data beside simulation: does an adversarially trained tagger agree better?

Needs: the files of the samples of data, the nominal ntuples and tensors, the normalisation and the models.
Makes: <results>/data/*, <results>/tables/data_*, <results>/data.md, data.json and <results>/plots/fig_data_*.
"""

# MB that the jets of data need, which are all for testing and are not changed.
DATA_MEMORY = 1800 * given_jets(DATA) / 1e6


def compared_jets(wildcards) -> dict:
    """How the jets of a sample are read that are compared without their flavour.

    They are all jets of a sample of data, and of a simulated one those of no class, which no tensors have so far.
    """
    return how_to_read(
        None if wildcards.sample in SIMULATED else wildcards,
        flavours="ignored" if wildcards.sample in DATA else "other",
    )


def compared_file(wildcards) -> list[str]:
    """The ntuple of such jets."""
    if wildcards.sample in SIMULATED:
        return [f"<results>/ntuples/{wildcards.sample}/nominal/{wildcards.chunk}.root"]
    return given_file(wildcards)


def compared_memory(wildcards, attempt) -> int:
    """Memory of a job on one chunk of such jets in MB."""
    needed = memory("chunk") if wildcards.sample in SIMULATED else given_memory
    return needed(wildcards, attempt)


def compared_tensors(wildcards) -> list[str]:
    """The tensors of the jets of data, or of the simulated ones beside the three classes."""
    return [
        f"<results>/data/tensors/{sample}/{chunk}.safetensors"
        for sample in (DATA if wildcards.part == "measured" else RUN["samples"])
        for chunk in chunks(sample)
    ]


use rule records as records_data with:
    """Read jets without their flavour: all those of data, and of simulation those of no class, such as tau leptons."""
    input:
        ntuples=compared_file,
        features=config["features"],
    output:
        records=temp(["<results>/data/records/{sample}/{chunk}.safetensors"]),
    log:
        "<logs>/records_data/{sample}/{chunk}.log",
    wildcard_constraints:
        sample=names_or_none([*DATA, *RUN["samples"]]),
    resources:
        mem_mb=compared_memory,
    params:
        read=lambda wildcards: compared_jets(wildcards),
        code=code_fingerprint("scripts/records.py"),
        reader=lambda wildcards: reader_fingerprint(compared_jets(wildcards)["format"]),


use rule tensorise as tensorise_data with:
    """Turn such jets into tensors as the study scales them: data are for testing, simulation is split as ever."""
    input:
        records=["<results>/data/records/{sample}/{chunk}.safetensors"],
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
        weights=rules.normalise.output.weights,
    output:
        tensors=["<results>/data/tensors/{sample}/{chunk}.safetensors"],
    log:
        "<logs>/tensorise_data/{sample}/{chunk}.log",
    wildcard_constraints:
        sample=names_or_none([*DATA, *RUN["samples"]]),
    resources:
        mem_mb=compared_memory,
    params:
        settings=lambda wildcards: {
            "event_weights": config["event_weights"],
            "split": [0.0, 0.0, 1.0] if wildcards.sample in DATA else config["split"],
        },
        code=code_fingerprint("scripts/tensorise.py"),


use rule index as index_data with:
    """List the tensor files of data, or those of the simulated jets of no class."""
    input:
        tensors=compared_tensors,
    output:
        index="<results>/data/{part}.index.json",
    log:
        "<logs>/index_data/{part}.log",
    wildcard_constraints:
        part="measured|other",


rule compare_data:
    """Score all jets of data and the test jets of simulation with one model, and compare the discriminators."""
    input:
        model=rules.train.output.model,
        data=["<results>/data/measured.index.json"],
        simulation=[*tensors_of("nominal"), "<results>/data/other.index.json"],
        features=config["features"],
        normalisation=rules.normalise.output.normalisation,
    output:
        histograms="<results>/data/{model}/seed{seed}.histograms.parquet",
        agreement="<results>/data/{model}/seed{seed}.agreement.parquet",
    log:
        "<logs>/compare_data/{model}.seed{seed}.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation", DATA_MEMORY),
    params:
        seed=config["seed"],
        settings=settings("evaluation"),
        code=code_fingerprint("scripts/compare_data.py"),
    script:
        "../../scripts/compare_data.py"


rule compare_data_inputs:
    """Compare inputs of data with those of simulation; no model is involved."""
    input:
        data=["<results>/data/measured.index.json"],
        simulation=[*tensors_of("nominal"), "<results>/data/other.index.json"],
        normalisation=rules.normalise.output.normalisation,
    output:
        histograms="<results>/data/inputs.histograms.parquet",
        agreement="<results>/data/inputs.agreement.parquet",
    log:
        "<logs>/compare_data_inputs.log",
    threads: 1
    resources:
        mem_mb=memory("evaluation", DATA_MEMORY),
    params:
        seed=config["seed"],
        settings=settings("evaluation"),
        code=code_fingerprint("scripts/compare_data_inputs.py"),
    script:
        "../../scripts/compare_data_inputs.py"


rule data_verdicts:
    """Does the adversarially trained tagger agree better? On the same jets, with paired errors, for each pair."""
    input:
        agreement=collected("data_agreement"),
    output:
        table="<results>/tables/data_verdicts.parquet",
        csv="<results>/tables/data_verdicts.csv",
        page="<results>/data.md",
        json="<results>/data.json",
    log:
        "<logs>/data_verdicts.log",
    localrule: True
    params:
        study=config["study"],
        samples=DATA,
        options=figure_options("discriminators"),
        significance=config["claims"]["significance"],
        code=code_fingerprint("scripts/data_verdicts.py"),
    script:
        "../../scripts/data_verdicts.py"


rule fig_data_discriminator:
    """Discriminators of data over stacked simulation, nominal beside adversarial (one file per pair of models)."""
    input:
        histograms=collected("data_histograms"),
    output:
        **figure("fig_data_discriminator", "Mismodelling", FIGURE_PAIRS),
    log:
        "<logs>/fig_data_discriminator.log",
    localrule: True
    params:
        options=figure_options("discriminators"),
        code=code_fingerprint("scripts/fig_data_discriminator.py"),
    script:
        "../../scripts/fig_data_discriminator.py"


if config["evaluation"]["inputs"]:

    rule fig_data_inputs:
        """Inputs of data over stacked simulation."""
        input:
            histograms=collected("data_histograms"),
        output:
            **figure("fig_data_inputs", "Mismodelling"),
        log:
            "<logs>/fig_data_inputs.log",
        localrule: True
        params:
            options=figure_options("inputs", "labels"),
            code=code_fingerprint("scripts/fig_data_inputs.py"),
        script:
            "../../scripts/fig_data_inputs.py"


rule fig_data_agreement:
    """How well data and simulation agree by pT, nominal against adversarial (one file per pair of models)."""
    input:
        table=rules.data_verdicts.output.table,
    output:
        **figure("fig_data_agreement", "Mismodelling", FIGURE_PAIRS),
    log:
        "<logs>/fig_data_agreement.log",
    localrule: True
    params:
        options=figure_options("discriminators"),
        code=code_fingerprint("scripts/fig_data_agreement.py"),
    script:
        "../../scripts/fig_data_agreement.py"

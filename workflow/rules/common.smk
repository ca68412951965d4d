"""What the rules share: the checked configuration, names of things, code fingerprints."""

import math

from snakemake.exceptions import WorkflowError

from robustag.errors import InputError
from robustag.workflow.configuration import (
    canonical,
    check_against_schema,
    check_selection,
    read_document,
)
from robustag.workflow.fingerprints import code_fingerprint

try:
    check_against_schema(config, workflow.source_path("../schemas/config.schema.yaml"), "config")
    check_selection(config)
    check_against_schema(
        read_document(config["features"]),
        workflow.source_path("../schemas/features.schema.yaml"),
        config["features"],
    )
except InputError as fault:
    raise WorkflowError(str(fault)) from None


RUN = config["run"]
FIGURE_PAIRS = [pair["label"] for pair in config["figures"]["pairs"]]


wildcard_constraints:
    sample="|".join(config["samples"]),
    variation="|".join(["nominal", *config["variations"]]),
    model="|".join(config["models"]),
    attack="|".join(config["attacks"]),
    scenario="|".join(config["scenarios"]),
    seed=r"\d+",
    chunk=r"\d{4}",


def chunks(sample: str) -> list[str]:
    """Names of the chunks of a sample; each is one job."""
    number = math.ceil(
        config["samples"][sample]["events"] / config["generator"]["events_per_chunk"]
    )
    return [f"{chunk:04d}" for chunk in range(number)]


def over_chunks(pattern: str, **wildcards) -> list[str]:
    """The files of a pattern with {sample} and {chunk}, over all chunks of all samples of the study."""
    return [
        pattern.format(sample=sample, chunk=chunk, **wildcards)
        for sample in RUN["samples"]
        for chunk in chunks(sample)
    ]


def tensors_of(variation: str) -> list[str]:
    """Every tensor file of the nominal simulation or of one variation."""
    return over_chunks(
        "<results>/tensors/{sample}/{variation}/{chunk}.safetensors", variation=variation
    )


def over_trainings(pattern: str, **selections) -> list[str]:
    """The files of a pattern over all trained models and seeds, and over further selections of the study."""
    return expand(pattern, model=RUN["models"], seed=RUN["seeds"], **selections)


def measured(table: str) -> list[str]:
    """One kind of table (metrics, curves, histograms) of all attacks and scenarios of all models and seeds."""
    return over_trainings(
        f"<results>/attacks/{{model}}/seed{{seed}}/{{attack}}.{table}.parquet",
        attack=RUN["attacks"],
    ) + over_trainings(
        f"<results>/mismodel/{{model}}/seed{{seed}}/{{scenario}}.{table}.parquet",
        scenario=RUN["scenarios"],
    )


def varied_tensors(wildcards) -> list[str]:
    """Tensors of the detector variation a re-simulated scenario compares with; none for the others."""
    variation = config["scenarios"][wildcards.scenario].get("variation")
    return tensors_of(variation) if variation else []


def definition(section: str, name: str) -> dict:
    """One definition of the configuration in canonical order, so that only a change of meaning reruns a job."""
    return canonical(config[section][name])


def settings(*sections: str) -> dict:
    """Whole sections of the configuration in canonical order."""
    return canonical({section: config[section] for section in sections})


def figure_options(*keys: str) -> dict:
    """What a figure takes from the configuration: the compared models, the sample's name and the given keys."""
    chosen = ("pairs", "sample", *keys)
    return canonical({key: config["figures"][key] for key in chosen})


def figure_code(module: str) -> str:
    """Fingerprint of the code behind a family of figures."""
    shared = (
        "plotting/store.py",
        "plotting/style.py",
        "plotting/tables.py",
        "evaluation/differences.py",
    )
    return code_fingerprint(f"plotting/{module}.py", *shared)


def claim_settings() -> dict:
    """How claims are tested; the keys of `robustag.claims.evidence.Settings`."""
    figures = config["figures"]
    shared = {key: figures[key] for key in ("attack", "noise", "mismodellings")}
    return canonical({**config["claims"], **shared, "shown_epsilon": figures["epsilon"]})

"""What the rules share: the checked configuration, what it selects, and how much memory jobs need."""

import math
from dataclasses import asdict
from itertools import chain

from snakemake.exceptions import WorkflowError

from robustag.attacks import AttackDefinition
from robustag.documents import read_document
from robustag.errors import InputError
from robustag.mismodelling.sources import calibrated_sources
from robustag.options import fields_of, keys_of
from robustag.training import training_budget
from robustag.workflow.checking import check_configuration
from robustag.workflow import fingerprints
from robustag.workflow.configuration import canonical, take_away
from robustag.workflow.definitions import network_source
from robustag.workflow.fingerprints import attack_fingerprint, recipe_fingerprint
from robustag.workflow.places import (
    CONFIG_SCHEMA,
    check_package,
    locate_files,
    quote_interpreter,
)
from robustag.workflow.selection import (
    attacks_by_budget,
    certified_models,
    compared_models,
    judged_mismodellings,
    nominal_models,
    shown_mismodellings,
    shown_rocs,
    shown_scenarios,
    simulated_samples,
    whole_model,
)
from robustag.workflow.sources import INDEX, FileIndex, given_chunks, reader_source, reading_of
from robustag.workflow.teachers import seen_variations, teachers_of

try:
    # Snakemake has read them, too, but lets pass what nobody means, as a key that stands twice.
    for document in workflow.configfiles:
        read_document(document)
    check_package(PROJECT / "src/robustag")
    take_away(config, CONFIG_SCHEMA)
    locate_files(config, [PROJECT])
    # What the jets do not allow and only the default configuration selects is not in it any more.
    TABLE, LEFT_OUT = check_configuration(config)
    RUN = config["run"]
    # The chunks of the samples that are given as files, nominal and varied.
    counted = FileIndex(f"results/{config['study']}/{INDEX}", asking=workflow.is_main_process)
    GIVEN_CHUNKS = given_chunks(config, counted)
except InputError as fault:
    raise WorkflowError(str(fault)) from None
quote_interpreter()


# The scenarios that are sources of a calibration's uncertainty.
CALIBRATED = {name: asdict(source) for name, source in calibrated_sources(config).items()}
# Ways of training are judged by what sources of uncertainty do to their rates.
FRONTIER = bool(RUN["frontier"]["models"] and RUN["frontier"]["attacks"] and CALIBRATED)
# What plays data for them.
PSEUDO_DATA = RUN["pseudo_data"] if FRONTIER else []
DETECTOR_VARIATIONS, GENERATOR_VARIATIONS, RECORD_VARIATIONS, WEIGHT_VARIATIONS = (
    [name for name in [*RUN["variations"], *PSEUDO_DATA] if kind in config["variations"][name]]
    for kind in ("detector", "generator", "records", "weights")
)
# Those that have jets of their own: weights are columns of the nominal ones.
VARIED_SAMPLES = [name for name in RUN["variations"] if name not in WEIGHT_VARIATIONS]
# The samples of the configuration that the built-in generator makes, and those that are given as files.
SIMULATED = simulated_samples(config)
GIVEN = [name for name in config["samples"] if name not in SIMULATED]
# The simulation is compared with its truth where the study has one, and with the published inputs on request.
CLOSURE = [name for name in RUN["samples"] if name in SIMULATED][:1]
VALIDATED = bool(CLOSURE and config["validation"]["samples"])
CERTIFIED = certified_models(config)
SCENARIOS = {name: canonical(scenario) for name, scenario in shown_scenarios(config).items()}
# The tables of one measurement.
MEASURED = fields_of("robustag.evaluation.tables", "Assessment")
FIGURE_PAIRS = [pair["label"] for pair in config["figures"]["pairs"]]
FIGURE_MODELS = compared_models(config)
# What a study may have none of; rules that need some are then left out.
DATA = RUN["data"]
SHOWN_ROCS = sorted(shown_rocs(config))
SHOWN_MISMODELLINGS = shown_mismodellings(config)
PARETO = bool(RUN["pareto"]["models"] and RUN["pareto"]["attacks"])


def given_jets(samples) -> int:
    """Jets in the nominal files of those samples that are given as files."""
    return sum(
        chunk.jets
        for (sample, variation), chunks in GIVEN_CHUNKS.items()
        if sample in samples and variation == "nominal"
        for chunk in chunks
    )


# Jets an event, as measured (of QCD at most): they say how large a job will be before there are any.
JETS_PER_EVENT = {"ttbar": 5.0, "bb": 1.3, "cc": 1.3, "light": 1.3}
JETS = sum(
    JETS_PER_EVENT[config["samples"][name]["process"]] * config["samples"][name]["events"]
    for name in RUN["samples"]
    if name in SIMULATED
) + given_jets(RUN["samples"])
# MB of a job: with no jets, and more for each million jets of its parts of the split. A job works on one chunk;
# on the training and validation jets; or on the test jets, clean and perturbed.
MEMORY = {"chunk": (2000, 0), "training": (2000, 2000), "evaluation": (1200, 9000)}
SPLIT_SHARES = {
    "chunk": 0.0,
    "training": sum(config["split"][:2]),
    "evaluation": config["split"][2],
}


wildcard_constraints:
    sample="|".join(config["samples"]),
    variation="|".join(["nominal", *config["variations"]]),
    model="|".join(config["models"]),
    attack="|".join(config["attacks"]),
    seed=r"\d+",
    chunk=r"\d+",


def code_fingerprint(script: str):
    """Fingerprint of the code of a rule, by the path of its script in the project; read for rules with jobs alone."""
    path = workflow.source_path(f"../../{script}")
    return lambda wildcards: fingerprints.code_fingerprint(path)


def memory(kind: str, beside: float = 0.0):
    """Memory of a kind of job in MB, and of what it holds beside; a killed one gets as much again with each attempt."""
    fixed, growing = MEMORY[kind]
    needed = round(fixed + growing * SPLIT_SHARES[kind] * JETS / 1e6 + beside)
    return lambda wildcards, attempt: needed * attempt

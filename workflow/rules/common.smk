"""What the rules share: the checked configuration, names of things, code fingerprints."""

import math

from snakemake.exceptions import WorkflowError

from robustag.documents import read_document
from robustag.errors import InputError
from robustag.workflow.checking import check_configuration
from robustag.workflow.configuration import canonical
from robustag.workflow.fingerprints import code_fingerprint, entry_fingerprint
from robustag.workflow.networks import network_source
from robustag.workflow.selection import (
    certified_models,
    compared_models,
    named_in,
    shown_mismodellings,
    shown_rocs,
)

try:
    # Snakemake has read them, too, but lets pass what nobody means, as a key that stands twice.
    for document in workflow.configfiles:
        read_document(document)
    check_configuration(
        config,
        workflow.source_path("../schemas/config.schema.yaml"),
        workflow.source_path("../schemas/features.schema.yaml"),
    )
except InputError as fault:
    raise WorkflowError(str(fault)) from None


RUN = config["run"]
DETECTOR_VARIATIONS, GENERATOR_VARIATIONS, RECORD_VARIATIONS = (
    [name for name in RUN["variations"] if kind in config["variations"][name]]
    for kind in ("detector", "generator", "records")
)
CERTIFIED = certified_models(config)
# Variations that a scenario shows to the models.
SHOWN_VARIATIONS = sorted(
    {
        config["scenarios"][name]["variation"]
        for name in RUN["scenarios"]
        if config["scenarios"][name]["kind"] == "resimulated"
    }
)
MEASURED = ["metrics", "curves", "histograms", "bins", "calibration", "confusion"]
FIGURE_PAIRS = [pair["label"] for pair in config["figures"]["pairs"]]
FIGURE_MODELS = [
    pair[role] for pair in config["figures"]["pairs"] for role in ("nominal", "adversarial")
]
SHOWN_ROCS = sorted(shown_rocs(config))


# Jets an event, as measured: they say how large a job will be before there are any.
JETS_PER_EVENT = {"ttbar": 5.0, "bb": 1.3, "cc": 1.3, "light": 1.3}
JETS = sum(
    JETS_PER_EVENT[config["samples"][name]["process"]] * config["samples"][name]["events"]
    for name in RUN["samples"]
)
# MB of a job: with no jets, and more for each million jets of the study. A job works on one chunk; on the
# training and validation jets; or on the test jets, clean and perturbed.
MEMORY = {"chunk": (2000, 0), "training": (2000, 1600), "evaluation": (1200, 1800)}


wildcard_constraints:
    sample="|".join(config["samples"]),
    variation="|".join(["nominal", *config["variations"]]),
    model="|".join(config["models"]),
    attack="|".join(config["attacks"]),
    seed=r"\d+",
    chunk=r"\d{4}",


def memory(kind: str):
    """Memory of a kind of job in MB; one that was killed gets as much again with each attempt."""
    fixed, growing = MEMORY[kind]
    needed = round(fixed + growing * JETS / 1e6)
    return lambda wildcards, attempt: needed * attempt


def chunk_names(events: int) -> list[str]:
    """Names of the chunks of so many events; each is one job."""
    number = math.ceil(events / config["generator"]["events_per_chunk"])
    return [f"{chunk:04d}" for chunk in range(number)]


def chunks(sample: str, variation: str = "nominal") -> list[str]:
    """Names of the chunks of a sample. A variation may have the first ones only."""
    for kind in config["varied_share"]:
        if kind in config["variations"].get(variation, {}):
            return first_chunks(sample, kind)
    return chunk_names(config["samples"][sample]["events"])


def first_chunks(sample: str, kind: str) -> list[str]:
    """Names of those chunks of a sample that one kind of variation has."""
    names = chunks(sample)
    return names[: math.ceil(config["varied_share"][kind] * len(names))]


def over_chunks(pattern: str, variation: str = "nominal") -> list[str]:
    """The files of a pattern with {sample}, {chunk} and perhaps {variation}, over all chunks of all samples."""
    return [
        pattern.format(sample=sample, chunk=chunk, variation=variation)
        for sample in RUN["samples"]
        for chunk in chunks(sample, variation)
    ]


def names_or_none(names: list[str]) -> str:
    """A wildcard constraint for any of some names; it matches nothing when there are none."""
    return "|".join(names) or "(?!)"


def tensor_files(variation: str) -> list[str]:
    """Every tensor file of the nominal simulation or of one variation."""
    return over_chunks(
        "<results>/tensors/{sample}/{variation}/{chunk}.safetensors", variation=variation
    )


def tensors_of(variation: str) -> list[str]:
    """What stands for every tensor file of the nominal simulation or of one variation: their index."""
    return [f"<results>/tensors/{variation}.index.json"]


def paired_tensors(variation: str) -> list[str]:
    """Tensors of those collisions whose records are changed, of the nominal simulation or of one variation."""
    return [
        f"<results>/tensors/{sample}/{variation}/{chunk}.safetensors"
        for sample in RUN["samples"]
        for chunk in first_chunks(sample, "records")
        if chunk in chunks(sample, variation)
    ]


def over_trainings(pattern: str, **selections) -> list[str]:
    """The files of a pattern over all trained models and seeds, and over further selections of the study."""
    return expand(pattern, model=RUN["models"], seed=RUN["seeds"], **selections)


def measured(table: str) -> list[str]:
    """One kind of table that attacks and scenarios share, of all of them, all models and seeds."""
    return over_trainings(
        f"<results>/attacks/{{model}}/seed{{seed}}/{{attack}}.{table}.parquet",
        attack=RUN["attacks"],
    ) + over_trainings(f"<results>/mismodel/{{model}}/seed{{seed}}.{table}.parquet")


def collected(table: str) -> str:
    """The collected table of one kind."""
    return f"<results>/tables/{table}.parquet"


# What each collected table is gathered from.
PARTS = {
    **{table: measured(table) for table in MEASURED},
    "audit": over_trainings(
        "<results>/attacks/{model}/seed{seed}/{attack}.audit.parquet", attack=RUN["attacks"]
    ),
    "alignment": over_trainings("<results>/align/{model}/seed{seed}.alignment.parquet"),
    "spans": over_trainings("<results>/align/{model}/seed{seed}.spans.parquet"),
    "transfer": over_trainings("<results>/transfer/{model}/seed{seed}.parquet"),
    "certificates": expand(
        "<results>/certificates/{model}/seed{seed}.parquet", model=CERTIFIED, seed=RUN["seeds"][0]
    ),
    "distances": [
        "<results>/distances/scenarios/seed0.parquet",
        *expand(
            "<results>/distances/{model}/seed{seed}.parquet",
            model=compared_models(config),
            seed=RUN["seeds"][0],
        ),
    ],
    "history": over_trainings("<results>/models/{model}/seed{seed}.history.csv"),
    "epochs": expand(
        "<results>/epochs/{model}/seed{seed}.parquet",
        model=compared_models(config),
        seed=RUN["seeds"][: config["epochs"]["seeds"]],
    ),
    "pareto": [
        f"<results>/attacks/{model}/seed{seed}/{attack}.metrics.parquet"
        for model in RUN["pareto"]["models"]
        for seed in (RUN if model in RUN["models"] else RUN["pareto"])["seeds"]
        for attack in RUN["pareto"]["attacks"]
    ],
    "planes": over_trainings("<results>/surface/{model}/seed{seed}.planes.parquet"),
    "paths": over_trainings("<results>/surface/{model}/seed{seed}.paths.parquet"),
    "geometry": over_trainings("<results>/surface/{model}/seed{seed}.geometry.parquet"),
    "surface_statistics": over_trainings("<results>/surface/{model}/seed{seed}.statistics.parquet"),
    "weights": over_trainings("<results>/surface/{model}/seed{seed}.weights.parquet"),
}


def recipe_fingerprint(wildcards) -> str:
    """Fingerprint of the attacks that a training's recipe names."""
    recipe = config["models"][wildcards.model]["recipe"]
    return entry_fingerprint("robustag.attacks.registry", named_in(recipe))


def training_spread(wildcards) -> list[str]:
    """The spread of the inputs, for a training attack in a budget that is measured in it; none for the others."""
    attack = config["models"][wildcards.model]["recipe"].get("attack", {})
    budget = {"central", "mahalanobis", "mahalanobis_pgd", "mahalanobis_gradient"}
    return (
        ["<results>/tensors/spread.safetensors"] if budget & set(map(str, attack.values())) else []
    )


def nominal_partner(wildcards) -> str:
    """The finished nominal model of a model's pair, of the same seed."""
    pair = next(pair for pair in config["figures"]["pairs"] if wildcards.model in pair.values())
    return f"<results>/models/{pair['nominal']}/seed{wildcards.seed}.safetensors"


def source_model(wildcards) -> list[str]:
    """The model of the same seed that a transferred attack is crafted on; none for the others."""
    source = config["attacks"][wildcards.attack].get("source")
    return [f"<results>/models/{source}/seed{wildcards.seed}.safetensors"] if source else []


def validation_sample(name: str) -> dict:
    """A sample as the validation changes it."""
    return canonical(config["samples"][name] | config["validation"]["samples"][name])


def validation_generator() -> dict:
    """The generator's settings as the validation changes them."""
    generator = config["generator"]
    return canonical(
        generator | {"detector": generator["detector"] | config["validation"]["detector"]}
    )


def over_validation_chunks(pattern: str) -> list[str]:
    """The files of a pattern with {sample} and {chunk}, over all chunks of the validation's own samples."""
    return [
        pattern.format(sample=name, chunk=chunk)
        for name in config["validation"]["samples"]
        for chunk in chunk_names(validation_sample(name)["events"])
    ]


def over_closure_chunks(pattern: str) -> list[str]:
    """The files of a pattern with {sample} and {chunk}, over the chunks that are compared with their truth."""
    sample = RUN["samples"][0]
    return expand(pattern, sample=sample, chunk=chunks(sample)[: config["validation"]["chunks"]])


def definition(section: str, name: str) -> dict:
    """One definition of the configuration in canonical order, so that only a change of meaning reruns a job."""
    return canonical(config[section][name])


def network_fingerprint(wildcards) -> str:
    """Fingerprint of the network of a model, which a training finds by its name."""
    return code_fingerprint(network_source(config["models"][wildcards.model]["network"]["name"]))


def settings(*sections: str) -> dict:
    """Whole sections of the configuration in canonical order."""
    return canonical({section: config[section] for section in sections})


# Categories of the report, in their order.
CATEGORIES = [
    *("Headline", "Robustness", "Mismodelling", "Loss surface", "Training"),
    *("Shapes", "Probabilities", "Simulation"),
]


def in_report(path: str, caption: str, section: str, title: str, of: str = ""):
    """An output that the report shows in a section, which is one of CATEGORIES.

    The report sorts categories by name, so each has its number in front.
    """
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=f"{CATEGORIES.index(section) + 1}. {section}",
        labels={"result": title, "of": of},
    )


def figure(rule: str, section: str, each: list[str] | None = None) -> dict:
    """The outputs of a figure: `pdf`, `png` (in the report) and `csv`, the numbers shown.

    With `each`, they are lists with a file for each of these names, such as models or discriminators.
    `section` is one of CATEGORIES.
    """
    stem = f"<results>/plots/{rule}"
    files = {name: f"{stem}_{name}" for name in each} if each else {"": stem}
    words = rule.removeprefix("fig_").split("_")
    title = " ".join(word.upper() if word in ("auc", "roc") else word for word in words)
    shown = [in_report(f"{file}.png", rule, section, title, name) for name, file in files.items()]
    pdf, csv = ([file + suffix for file in files.values()] for suffix in (".pdf", ".csv"))
    if each:
        return {"pdf": pdf, "png": shown, "csv": csv}
    return {"pdf": pdf[0], "png": shown[0], "csv": csv[0]}


def figure_options(*keys: str) -> dict:
    """What a figure takes from the configuration: the compared models, the sample's name and the given keys."""
    chosen = ("pairs", "sample", *keys)
    shown = config["figures"] | {
        "mismodellings": shown_mismodellings(config),
        "rocs": shown_rocs(config),
        "inputs": list(config["evaluation"]["inputs"]),
        "epsilons": [epsilon for epsilon in config["epsilons"] if epsilon],
    }
    return canonical({key: shown[key] for key in chosen})


# Figures about training show two discriminators only: a panel each, for many models.
TRAINING_SHOWN = {"discriminators": config["figures"]["discriminators"][:2]}


def pareto_options() -> dict:
    """What fig_pareto compares: the recipe of each model, under which attacks."""
    recipes = [[name, definition("models", name)["recipe"]] for name in RUN["pareto"]["models"]]
    return {
        **figure_options("epsilon"),
        **TRAINING_SHOWN,
        "attacks": RUN["pareto"]["attacks"],
        "models": recipes,
    }


def claim_settings() -> dict:
    """How claims are tested; the keys of `robustag.claims.evidence.Settings`."""
    figures = config["figures"]
    return canonical(
        {
            **config["claims"],
            "attack": figures["attack"],
            "noise": figures["noise"],
            "attacks": {name: config["attacks"][name] for name in RUN["attacks"]},
            "mismodellings": shown_mismodellings(config),
            "shown_epsilon": figures["epsilon"],
        }
    )

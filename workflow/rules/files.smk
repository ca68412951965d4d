"""Names of files: chunks of samples, trainings, and what each collected table is gathered from."""

# The pool of collisions that pile-up is drawn from.
MINIMUM_BIAS = "<results>/minimum_bias.safetensors"


def minimum_bias_for(generator: dict, variations=()) -> list[str]:
    """That pool, if the detector of these settings or one of its variations has pile-up."""
    varied = (config["variations"][name]["detector"] for name in variations)
    piled = any(detector.get("pile_up") for detector in (generator["detector"], *varied))
    return [MINIMUM_BIAS] if piled else []


def chunk_names(events: int) -> list[str]:
    """Names of the chunks of so many events; each is one job."""
    number = math.ceil(events / config["generator"]["events_per_chunk"])
    return [f"{chunk:04d}" for chunk in range(number)]


def chunks(sample: str, variation: str = "nominal") -> list[str]:
    """Names of the chunks of a sample. A variation may have the first ones only, or others if it is given."""
    if sample in GIVEN:
        return [f"{chunk:04d}" for chunk in range(len(GIVEN_CHUNKS[sample, variation]))]
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


def given_chunk(wildcards):
    """The chunk of a sample that is given as files, nominal or varied: its file, and the entries in it."""
    variation = wildcards.get("variation", "nominal")
    return GIVEN_CHUNKS[wildcards.sample, variation][int(wildcards.chunk)]


def given_file(wildcards) -> list[str]:
    """Its file, if that is on this machine's disks."""
    chunk = given_chunk(wildcards)
    return [] if chunk.version else [chunk.file]


def how_to_read(wildcards=None, flavours: str = "known") -> dict:
    """How the jets of a chunk are read, and which are kept; without wildcards those of the built-in generator.

    address: its file, if that is on a server, and what changes with it: to Snakemake no file, but a parameter.
    """
    if wildcards is None:
        sample, address, entries = {"format": "generated"}, [], None
    else:
        chunk, sample = given_chunk(wildcards), config["samples"][wildcards.sample]
        address = [chunk.file, chunk.version] if chunk.version else []
        entries = [chunk.start, chunk.stop]
    reading = reading_of(sample)._asdict()
    if flavours == "ignored":
        reading["labels"] = None  # jets of data have none
    return canonical(reading | {"address": address, "entries": entries, "flavours": flavours})


def chunk_files() -> list[str]:
    """The file of every nominal chunk of the study, as a message names it."""
    given = {
        sample: [part.file for part in GIVEN_CHUNKS[sample, "nominal"]]
        for sample in RUN["samples"]
        if sample in GIVEN
    }
    return [
        file
        for sample in RUN["samples"]
        for file in given.get(sample, [f"chunk {chunk} of {sample}" for chunk in chunks(sample)])
    ]


def given_memory(wildcards, attempt) -> int:
    """Memory of a job on such a chunk in MB: libraries, and the jets in float64 a few times."""
    return round(1000 + 50e-6 * TABLE.size * given_chunk(wildcards).jets) * attempt


def records_files(*variations: str) -> list[str]:
    """The records of one chunk in some variations."""
    return [f"<results>/records/{{sample}}/{name}/{{chunk}}.safetensors" for name in variations]


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
    """Tensors of those collisions whose records are changed, of the nominal simulation or of one variation.

    Of a sample that is given as files all count: which of their chunks hold the same collisions nobody knows.
    """
    return [
        f"<results>/tensors/{sample}/{variation}/{chunk}.safetensors"
        for sample in RUN["samples"]
        for chunk in chunks(sample, variation)
        if sample in GIVEN or chunk in first_chunks(sample, "records")
    ]


def trained(
    pattern: str, models=RUN["models"], seeds=RUN["seeds"], **selections
) -> list[tuple[str, str, int]]:
    """The files of a pattern over trainings and further selections, each with its model and seed."""
    return [
        (path, model, seed)
        for model in models
        for seed in seeds
        for path in expand(pattern, model=model, seed=seed, **selections)
    ]


def over_trainings(pattern: str) -> list[str]:
    """The files of a pattern over all trained models and seeds."""
    return [path for path, _, _ in trained(pattern)]


def origins(parts: list[tuple[str, str, int]]) -> list[list]:
    """Model and seed of each of some files."""
    return [[model, seed] for _, model, seed in parts]


def measured(table: str) -> list[tuple[str, str, int]]:
    """One kind of table that attacks and scenarios share, of all of them, all models and seeds."""
    attacked = trained(
        f"<results>/attacks/{{model}}/seed{{seed}}/{{attack}}.{table}.parquet",
        attack=RUN["attacks"],
    )
    mismodelled = trained(f"<results>/mismodel/{{model}}/seed{{seed}}.{table}.parquet")
    return attacked + (mismodelled if SCENARIOS else [])


def collected(table: str) -> str:
    """The collected table of one kind."""
    return f"<results>/tables/{table}.parquet"


def collected_if_any(table: str) -> list[str]:
    """The collected table of one kind, if this study has anything to gather in it."""
    return [collected(table)] if table in PARTS else []


def frontier_models() -> list[str]:
    """All ways of training that are compared, the nominal one first."""
    return list(dict.fromkeys([RUN["frontier"]["nominal"], *RUN["frontier"]["models"]]))


def frontier_parts(table: str) -> list[tuple[str, str, int]]:
    """One kind of table of the mismodelling of all ways of training that are compared."""
    pattern = f"<results>/mismodel/{{model}}/seed{{seed}}.{table}.parquet"
    return trained(pattern, frontier_models()) if FRONTIER else []


def frontier_attacks() -> list[tuple[str, str, int]]:
    """Metrics of the attacks on them."""
    pattern = "<results>/attacks/{model}/seed{seed}/{attack}.metrics.parquet"
    return (
        trained(pattern, frontier_models(), attack=RUN["frontier"]["attacks"]) if FRONTIER else []
    )


# What each collected table is gathered from: files, each with its model and seed.
PARTS = {
    **{table: measured(table) for table in MEASURED},
    "audit": trained(
        "<results>/attacks/{model}/seed{seed}/{attack}.audit.parquet", attack=RUN["attacks"]
    ),
    **{
        table: trained(f"<results>/align/{{model}}/seed{{seed}}.{table}.parquet")
        for table in ("alignment", "spans")
        if RUN["variations"]
    },
    "transfer": trained("<results>/transfer/{model}/seed{seed}.parquet"),
    "certificates": trained(
        "<results>/certificates/{model}/seed{seed}.parquet", CERTIFIED, RUN["seeds"][:1]
    ),
    "groups": trained(
        "<results>/groups/{model}/seed{seed}.parquet",
        FIGURE_MODELS if config["groups"]["attacks"] else [],
    ),
    "optimality": trained(
        "<results>/optimality/{model}/seed{seed}.parquet",
        FIGURE_MODELS if config["optimality"]["attacks"] else [],
        RUN["seeds"][:1],
    ),
    "certified_rates": [
        part
        for model in (CERTIFIED if config["certificates"]["boxes"] else [])
        for part in trained(
            "<results>/certified_rates/{model}/seed{seed}.parquet",
            [model],
            RUN["seeds"] if model in RUN["models"] else RUN["seeds"][:1],
        )
    ],
    "distances": [
        # No model makes those of scenarios.
        *([("<results>/distances/scenarios.parquet", "", 0)] if SCENARIOS else []),
        # Which jets of a model they fool.
        *trained(
            "<results>/distances/{model}/scenarios.parquet",
            FIGURE_MODELS if SCENARIOS else [],
            RUN["seeds"][:1],
        ),
        *trained(
            "<results>/distances/{model}/seed{seed}.parquet",
            FIGURE_MODELS if config["distances"]["attacks"] else [],
            RUN["seeds"][:1],
        ),
        # How much the training matters, for the models that claims ask.
        *trained(
            "<results>/distances/{model}/seed{seed}.parquet",
            (
                sorted({pair["nominal"] for pair in config["figures"]["pairs"]})
                if config["figures"]["attack"] in config["distances"]["attacks"]
                else []
            ),
            RUN["seeds"][1:],
        ),
    ],
    "history": trained("<results>/models/{model}/seed{seed}.history.parquet"),
    "epochs": trained(
        "<results>/epochs/{model}/seed{seed}.parquet",
        FIGURE_MODELS,
        RUN["seeds"][: config["epochs"]["seeds"]],
    ),
    "pareto": [
        part
        for model in RUN["pareto"]["models"]
        for part in trained(
            "<results>/attacks/{model}/seed{seed}/{attack}.metrics.parquet",
            [model],
            (RUN if model in RUN["models"] else RUN["pareto"])["seeds"],
            attack=RUN["pareto"]["attacks"],
        )
    ],
    "frontier": [*frontier_attacks(), *frontier_parts("metrics")],
    "frontier_bins": frontier_parts("bins"),
    **{
        f"pseudo_data_{table}": [
            *(
                [(f"<results>/pseudo_data/inputs.{table}.parquet", "", 0)]
                if table == "agreement" and config["evaluation"]["inputs"]
                else []
            ),
            *trained(
                f"<results>/pseudo_data/{{model}}/seed{{seed}}.{table}.parquet", frontier_models()
            ),
        ]
        for table in ("rates", "agreement")
        if PSEUDO_DATA
    },
    "planes": trained("<results>/surface/{model}/seed{seed}.planes.parquet"),
    "paths": trained("<results>/surface/{model}/seed{seed}.paths.parquet"),
    "geometry": trained("<results>/surface/{model}/seed{seed}.geometry.parquet"),
    "surface_statistics": trained("<results>/surface/{model}/seed{seed}.statistics.parquet"),
    "weights": trained("<results>/surface/{model}/seed{seed}.weights.parquet"),
    **{
        # No model makes those of inputs.
        f"data_{table}": [
            *(
                [(f"<results>/data/inputs.{table}.parquet", "", 0)]
                if config["evaluation"]["inputs"]
                else []
            ),
            *trained(f"<results>/data/{{model}}/seed{{seed}}.{table}.parquet"),
        ]
        for table in ("histograms", "agreement")
        if DATA
    },
}
PARTS = {table: parts for table, parts in PARTS.items() if parts}


def training_spread(wildcards) -> list[str]:
    """The spread of the inputs, for a training attack in a budget that is measured in it; none for the others."""
    recipe = config["models"][wildcards.model]["recipe"]
    needed = training_budget(recipe, config["relative_cap"]).needs_spread
    return ["<results>/tensors/spread.safetensors"] if needed else []


def training_variations(wildcards) -> list[str]:
    """The training jets as other detectors measure them, for a recipe that shows them; none for the others."""
    recipe = config["models"][wildcards.model]["recipe"]
    return [path for name in recipe.get("variations", []) for path in tensors_of(name)]


def training_teachers(wildcards) -> list[str]:
    """The finished models that a student learns from, of all seeds or of its own one; none for the others."""
    own = config["models"][wildcards.model]["recipe"].get("single", False)
    seeds = [wildcards.seed] if own else RUN["seeds"]
    return [
        f"<results>/models/{name}/seed{seed}.safetensors"
        for name in teachers_of(config, wildcards.model)
        for seed in seeds
    ]


def training_memory(wildcards, attempt) -> int:
    """Memory of a training in MB, which may hold its jets in several variations."""
    growing = len(training_variations(wildcards)) * MEMORY["training"][1]
    beside = growing * SPLIT_SHARES["training"] * JETS / 1e6
    return memory("training", beside)(wildcards, attempt)


def nominal_partners(wildcards) -> list[str]:
    """The finished nominal models of a model's pairs, of the same seed."""
    names = nominal_models(config, wildcards.model)
    return [f"<results>/models/{name}/seed{wildcards.seed}.safetensors" for name in names]


def source_model(wildcards) -> list[str]:
    """The model of the same seed that a transferred attack is crafted on; none for the others."""
    source = AttackDefinition.of(config["attacks"][wildcards.attack]).source
    return [f"<results>/models/{source}/seed{wildcards.seed}.safetensors"] if source else []


def over_validation_chunks(pattern: str) -> list[str]:
    """The files of a pattern with {sample} and {chunk}, over all chunks of the validation's own samples."""
    return [
        pattern.format(sample=name, chunk=chunk)
        for name in config["validation"]["samples"]
        for chunk in chunk_names(validation_sample(name)["events"])
    ]


def over_closure_chunks(pattern: str) -> list[str]:
    """The files of a pattern with {sample} and {chunk}, over the chunks that are compared with their truth."""
    (sample,) = CLOSURE
    return expand(pattern, sample=sample, chunk=chunks(sample)[: config["validation"]["chunks"]])

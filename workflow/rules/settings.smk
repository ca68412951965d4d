"""What rules take from the configuration as parameters and outputs."""


def definition(section: str, name: str) -> dict:
    """One definition of the configuration in canonical order, so that only a change of meaning reruns a job."""
    return canonical(config[section][name])


def whole_definition(attack: str) -> dict:
    """The definition of an attack with all that the study says of its budget."""
    return canonical(settings("relative_cap", "physical", "frozen") | config["attacks"][attack])


def attacks_fingerprint(names) -> str:
    """Fingerprint of some attacks of the configuration, which jobs find by their names."""
    return attack_fingerprint(*(config["attacks"][name] for name in names))


def network_fingerprint(wildcards) -> str:
    """Fingerprint of the network of a model, which a training finds by its name."""
    return fingerprints.code_fingerprint(
        network_source(config["models"][wildcards.model]["network"]["name"])
    )


def reader_fingerprint(name: str) -> str:
    """Fingerprint of the reader of a format, which a job finds by its name."""
    return fingerprints.code_fingerprint(reader_source(name))


def settings(*sections: str) -> dict:
    """Whole sections of the configuration in canonical order."""
    return canonical({section: config[section] for section in sections})


def validation_sample(name: str) -> dict:
    """A sample as the validation changes it."""
    return canonical(config["samples"][name] | config["validation"]["samples"][name])


def validation_generator() -> dict:
    """The generator's settings as the validation changes them."""
    generator = config["generator"]
    return canonical(
        generator | {"detector": generator["detector"] | config["validation"]["detector"]}
    )


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


# Who makes each file: a name of the configuration must not lead to a file of another figure.
FIGURE_FILES = {}


def figure(rule: str, section: str, each: list[str] | None = None) -> dict:
    """The outputs of a figure, noted in FIGURE_FILES: `pdf`, `png` (in the report) and `csv`, the numbers shown.

    With `each`, they are lists with a file for each of these names, such as models or discriminators.
    `section` is one of CATEGORIES.
    """
    stem = f"<results>/plots/{rule}"
    files = {name: f"{stem}_{name}" for name in each} if each else {"": stem}
    for name, file in files.items():
        FIGURE_FILES.setdefault(file, []).append((rule, name))
    words = rule.removeprefix("fig_").split("_")
    title = " ".join(word.upper() if word in ("auc", "roc") else word for word in words)
    shown = [in_report(f"{file}.png", rule, section, title, name) for name, file in files.items()]
    pdf, csv = ([file + suffix for file in files.values()] for suffix in (".pdf", ".csv"))
    if each:
        return {"pdf": pdf, "png": shown, "csv": csv}
    return {"pdf": pdf[0], "png": shown[0], "csv": csv[0]}


def shown_inputs() -> set[str]:
    """Inputs that figures show on an axis."""
    return {
        *config["evaluation"]["inputs"],
        *chain.from_iterable(pair["inputs"] for pair in config["surface"]["pairs"]),
    }


def figure_options(*keys: str) -> dict:
    """What a figure takes from the configuration: the compared models, the sample's name and the given keys."""
    chosen = ("pairs", "sample", *keys)
    shown = config["figures"] | {
        "mismodellings": SHOWN_MISMODELLINGS,
        "rocs": shown_rocs(config),
        "inputs": list(config["evaluation"]["inputs"]),
        "epsilons": [epsilon for epsilon in config["epsilons"] if epsilon],
        "labels": {each.name: each.label for each in TABLE.inputs if each.name in shown_inputs()},
        "kinds": {each.name: each.kind for each in TABLE.inputs},
        # Whether the first plane is that of the papers.
        "published": config["surface"]["pairs"][0]["inputs"] == [TABLE.own("pt"), TABLE.own("eta")],
    }
    return canonical({key: shown[key] for key in chosen})


# Figures about training, and of inputs, show two discriminators only: a panel each, for many models.
TRAINING_SHOWN = {"discriminators": config["figures"]["discriminators"][:2]}


def pareto_options() -> dict:
    """What fig_pareto compares: the recipe of each model, under which attacks."""
    recipes = [
        [name, definition("models", name)["recipe"], config["models"][name]["network"]["name"]]
        for name in RUN["pareto"]["models"]
    ]
    return {
        **figure_options("epsilon"),
        **TRAINING_SHOWN,
        "attacks": RUN["pareto"]["attacks"],
        "models": recipes,
    }


def frontier_options() -> dict:
    """What the comparison of ways of training is about."""
    claims = config["claims"]
    return {
        **figure_options("epsilon", "discriminators"),
        **canonical(RUN["frontier"]),
        "working_point": claims["working_point"],
        "less": claims["less_uncertain"],
        "within": claims["preserved_within"],
    }


def seen_sources() -> dict[str, list[str]]:
    """The sources of uncertainty that each way of training, or a teacher of it, has seen variations of."""
    sources = {name: source["name"] for name, source in CALIBRATED.items()}
    shown = {name: seen_variations(config, name) for name in RUN["frontier"]["models"]}
    return {name: sorted({sources[each] for each in seen}) for name, seen in shown.items() if seen}


def claim_settings() -> dict:
    """How claims are tested; the keys of `robustag.claims.evidence.Settings`."""
    figures = config["figures"]
    return canonical(
        {
            **{key: value for key, value in config["claims"].items() if key != "less_uncertain"},
            "attack": figures["attack"],
            "noise": figures["noise"],
            "attacks": {name: whole_definition(name) for name in RUN["attacks"]},
            "mismodellings": judged_mismodellings(config),
            "shown_epsilon": figures["epsilon"],
            "jet_pt": TABLE.own("pt"),
        }
    )


def attacks_of_distances(wildcards) -> dict[str, dict]:
    """All of them on the first training, that of the figures on further ones."""
    first = int(wildcards.seed) == RUN["seeds"][0]
    names = config["distances"]["attacks"] if first else [config["figures"]["attack"]]
    return {name: definition("attacks", name) for name in names}


def joint_distances(wildcards) -> int:
    """Jets for the distances of all inputs at once, which only the first training has."""
    return config["distances"]["jets"] if int(wildcards.seed) == RUN["seeds"][0] else 0

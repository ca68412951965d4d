"""Cross-checks of the configuration that no schema can make: what one part uses, another must provide."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, pairwise

from robustag.attacks import AttackDefinition
from robustag.errors import InputError
from robustag.evaluation import VARIED
from robustag.features import FeatureTable, select_inputs
from robustag.generate.weights import weight_settings
from robustag.mismodelling.sources import Source, sources_of
from robustag.registry import unknown
from robustag.training import RECIPES
from robustag.validation import FLAVOUR_OF_PROCESS
from robustag.workflow.definitions import definition_faults, is_certifiable
from robustag.workflow.fitting import leave_out_defaults
from robustag.workflow.sources import reading_of
from robustag.workflow.teachers import teacher_faults

_SELECTIONS = ("samples", "variations", "models", "attacks", "scenarios")
# Sections whose attacks are on the model that is looked at.
_ON_THE_MODEL = ("distances", "groups", "optimality")
# Kinds of variations in which no jet looks other than in the nominal sample -> what they have.
_NO_SAME_JETS = {"generator": "other collisions", "weights": "the same jets with other weights"}
# What a scenario says of the nuisance it stands for (`robustag.mismodelling.sources`).
_MEANING = ("source", "one_sigma")


def check_selection(config: dict, table: FeatureTable) -> list[str]:
    """Check a configuration that follows the schema against itself and against its feature table.

    Parameters
    ----------
    config : dict
        The whole configuration. What only the default selects and the jets do not allow is taken out of it.
    table : FeatureTable
        What ``features`` names.

    Returns
    -------
    list of str
        What was taken out, in lines.

    Raises
    ------
    InputError
        One line per fault: the key, what is wrong with it and how to mend it.
    """
    # Everything else looks definitions up, so those must exist and make sense first.
    _refuse(chain(_undefined(config), definition_faults(config), _weights(config)))
    _refuse(chain(_trained_variations(config), teacher_faults(config)))
    left_out, unfit = leave_out_defaults(config, table)
    _refuse(
        chain(
            _numbers(config),
            _samples(config),
            _perturbations(config),
            _crafted_elsewhere(config),
            _unlike_budgets(config),
            _frozen(config, table),
            (misfit.fault for misfit in unfit),
            _models(config),
            _frontier(config),
            _pseudo_data(config),
            _certified(config),
            _shown(config),
            _pairs(config),
            _labels(config),
            _validation(config),
        )
    )
    return left_out


def _refuse(faults: Iterable[str]) -> None:
    if lines := [f"config: {fault}" for fault in faults]:
        raise InputError("\n".join(lines))


def shown_scenarios(config: dict) -> dict[str, dict]:
    """Definitions of the selected scenarios, and of the selected variations, which are scenarios, too.

    Without what they stand for, which changes no jet: no job is made again for another prior.
    """
    run = config["run"]
    own = {
        name: {key: value for key, value in config["scenarios"][name].items() if key not in _MEANING}
        for name in run["scenarios"]
    }
    return own | {name: {"kind": "resimulated", "variation": name} for name in run["variations"]}


def whole_model(config: dict, name: str) -> dict:
    """The definition of a model with all that it takes from elsewhere, but for what it says of its own.

    That is the common optimiser, and how many standard deviations the variations of its recipe are.
    """
    model = config["models"][name]
    recipe = model["recipe"]
    if "deviations" in (option.name for option in RECIPES[recipe["name"]].options):
        sizes = [config["variations"][each].get("sigma", 1.0) for each in recipe["variations"]]
        recipe = {"deviations": sizes, **recipe}
    return {**model, "recipe": recipe, "optimiser": config["optimiser"] | model.get("optimiser", {})}


def shown_mismodellings(config: dict) -> list[dict]:
    """The entries of figures.mismodellings that this study measures."""
    measured = {*config["run"]["attacks"], *shown_scenarios(config)}
    return [entry for entry in config["figures"]["mismodellings"] if entry["perturbation"] in measured]


def judged_mismodellings(config: dict) -> list[dict]:
    """The same entries, each with the source of mismodelling that it belongs to and its kind.

    Distortions that are no source of a calibration, such as noise on all inputs, are one of their own.
    """
    sources = sources_of(config)
    found = []
    for entry in shown_mismodellings(config):
        source = sources.get(entry["perturbation"], Source(entry["perturbation"], "inputs", 1.0))
        found.append(entry | {"source": source.name, "kind": source.kind})
    return found


def compared_models(config: dict) -> list[str]:
    """The models that figures compare, in the order of figures.pairs, each once."""
    roles = ("nominal", "adversarial")
    return list(dict.fromkeys(pair[role] for pair in config["figures"]["pairs"] for role in roles))


def nominal_models(config: dict, model: str) -> list[str]:
    """The nominal models of the pairs that a model belongs to, each once."""
    pairs = [pair for pair in config["figures"]["pairs"] if model in (pair["nominal"], pair["adversarial"])]
    return list(dict.fromkeys(pair["nominal"] for pair in pairs))


def simulated_samples(config: dict) -> list[str]:
    """The samples of the configuration that the built-in generator makes."""
    return [name for name, sample in config["samples"].items() if "format" not in sample]


def certified_models(config: dict) -> list[str]:
    """The compared models whose network allows a certificate, and those that are there for theirs alone; none
    for a study without certificates."""
    if not config["certificates"]["epsilons"]:
        return []
    compared = [name for name in compared_models(config) if _has_bounds(config, name)]
    return list(dict.fromkeys([*compared, *config["run"]["certified"]]))


def _has_bounds(config: dict, model: str) -> bool:
    return is_certifiable(config["models"][model]["network"]["name"])


def shown_rocs(config: dict) -> dict[str, list[str]]:
    """The entries of figures.rocs with the attacks that this study makes; those without any are left out."""
    made = config["run"]["attacks"]
    shown = {
        name: [attack for attack in attacks if attack in made]
        for name, attacks in config["figures"]["rocs"].items()
    }
    return {name: attacks for name, attacks in shown.items() if attacks}


def attacks_by_budget(config: dict) -> dict[str, list[str]]:
    """Attacks of a study: ``compared``, in the budget of the shown one, and ``apart``, in other budgets."""
    definitions = {
        name: AttackDefinition.of(config["attacks"][name], config)
        for name in (*config["run"]["attacks"], config["figures"]["attack"])
    }
    shown = definitions[config["figures"]["attack"]]
    groups: dict[str, list[str]] = {"compared": [], "apart": []}
    for name in config["run"]["attacks"]:
        groups["compared" if definitions[name].shares_budget(shown) else "apart"].append(name)
    return groups


def _undefined(config: dict) -> Iterator[str]:
    """Selected names without a definition."""
    run = config["run"]
    selected = [(f"run.{kind}", run[kind], kind) for kind in _SELECTIONS]
    selected += [(f"{part}.attacks", config[part]["attacks"], "attacks") for part in _ON_THE_MODEL]
    selected += [(f"run.pareto.{kind}", run["pareto"][kind], kind) for kind in ("models", "attacks")]
    selected += [(f"run.frontier.{kind}", run["frontier"][kind], kind) for kind in ("models", "attacks")]
    selected += [("run.data", run["data"], "samples")]
    selected += [("run.pseudo_data", run["pseudo_data"], "variations")]
    selected += [("run.certified", run["certified"], "models")]
    selected.append(("validation.samples", config["validation"]["samples"], "samples"))
    for key, names, definitions in selected:
        for name in names:
            if key == "run.scenarios" and name in config["variations"]:
                yield f"{key} names the variation '{name}': leave it out, run.variations is enough"
            elif name not in config[definitions]:
                known = ", ".join(sorted(config[definitions]))
                yield f"{key} names '{name}', which {definitions} lacks: use {known}"


def _numbers(config: dict) -> Iterator[str]:
    """Shares that do not add up and edges out of order."""
    total = math.fsum(config["split"])
    if not math.isclose(total, 1.0, abs_tol=1e-6):
        yield f"split adds up to {total:g}: its three shares must add up to 1"
    binnings = {"weights": config["weights"], "evaluation.bins": config["evaluation"]["bins"]}
    for section, binning in binnings.items():
        for name, edges in binning.items():
            for low, high in pairwise(edges):
                if not low < high:
                    yield f"{section}.{name} has {low:g} before {high:g}: list the edges in ascending order"
    for name, (low, high) in config["evaluation"]["inputs"].items():
        if not low < high:
            yield f"evaluation.inputs.{name} is the range [{low:g}, {high:g}]: give the lower end first"


def _samples(config: dict) -> Iterator[str]:
    """Samples whose ranges are none, and those of the validation that are not simulated."""
    run, simulated = config["run"], simulated_samples(config)
    for name, sample in config["samples"].items():
        if name not in simulated:
            for key, (low, high) in reading_of(sample).ranges.items():
                if not low < high:
                    yield f"samples.{name}.select.{key} is [{low:g}, {high:g}]: give the lower end first"
    for name in config["run"]["samples"]:
        sample = config["samples"][name]
        if sample.get("format") == "columns" and "labels" not in sample:
            yield (
                f"samples.{name}: format columns does not know flavours: give labels, such as "
                "labels: {branch: hadronFlavour, b: [5], c: [4], light: [0]}"
            )
    for name in config["validation"]["samples"]:
        if name not in simulated:
            yield f"validation.samples names '{name}', which is not simulated: name one with a process"
    for name in run["data"]:
        if name in simulated:
            yield f"run.data names '{name}', which is simulated: name a sample with a format and files"
        elif name in run["samples"]:
            yield f"run.data names '{name}', as run.samples does: jets are data or simulation, take one out"


def _perturbations(config: dict) -> Iterator[str]:
    """Attacks, scenarios and variations that share a name, and attacks that lack what they are made from."""
    run = config["run"]
    kinds = {"an attack": "attacks", "a scenario": "scenarios", "a variation": "variations"}
    for one, other in combinations(kinds, 2):
        for name in sorted(config[kinds[one]].keys() & config[kinds[other]].keys()):
            yield f"'{name}' is {one} and {other}, and tables tell them by name: rename one of them"
    for name in run["attacks"]:
        definition = AttackDefinition.of(config["attacks"][name])
        source = definition.source
        if definition.needs_source != (source is not None):
            yield f"attack '{name}': 'transfer' needs a source, and nothing else takes one"
        elif source is not None and source not in run["models"]:
            yield f"attack '{name}' needs the model '{source}': add it to run.models"


def _crafted_elsewhere(config: dict) -> Iterator[str]:
    """Attacks on another model where there is none."""
    for part in _ON_THE_MODEL:
        for name in config[part]["attacks"]:
            if "source" in config["attacks"][name]:
                yield f"{part}.attacks: '{name}' is crafted on another model: name what it transfers"


def _unlike_budgets(config: dict) -> Iterator[str]:
    """Attacks whose best is that of another budget."""
    names = config["optimality"]["attacks"]
    definitions = [AttackDefinition.of(config["attacks"][name], config) for name in names]
    for name, definition in zip(names, definitions, strict=True):
        if not definition.shares_bound(definitions[0]):
            yield f"optimality.attacks: '{name}' has another budget than '{names[0]}': take one of them out"


def _frozen(config: dict, table: FeatureTable) -> Iterator[str]:
    """Frozen inputs that the feature table does not have."""
    patterns = [("frozen", config["frozen"])]
    attacks = config["run"]["attacks"]
    patterns += [(f"attacks.{name}.frozen", config["attacks"][name].get("frozen", ())) for name in attacks]
    for key, selectors in patterns:
        try:
            select_inputs(selectors, table)
        except InputError as error:
            yield f"{key}: {error}"


def _models(config: dict) -> Iterator[str]:
    """Models that figures need but the study does not train."""
    needed = []
    for pair in config["figures"]["pairs"]:
        needed += [(f"figures.pairs '{pair['label']}'", pair[role]) for role in ("nominal", "adversarial")]
    for key, name in needed:
        if name not in config["run"]["models"]:
            yield f"{key} needs the model '{name}': add it to run.models"


def _trained_variations(config: dict) -> Iterator[str]:
    """Variations that a recipe names and in which no jet of a training can be found."""
    for model, definition in config["models"].items():
        for name in definition["recipe"].get("variations", ()):
            if name not in config["variations"]:
                yield f"models.{model}.recipe.variations: {unknown(config['variations'], name, 'variation')}"
            elif kinds := _NO_SAME_JETS.keys() & config["variations"][name].keys():
                has = _NO_SAME_JETS[kinds.pop()]
                yield (
                    f"models.{model}.recipe.variations names '{name}', which has {has}: "
                    "use variations of the detector or of the records"
                )


def _weights(config: dict) -> Iterator[str]:
    """Weights that Pythia does not have."""
    for name, definition in config["variations"].items():
        if "weights" in definition:
            try:
                weight_settings({name: definition["weights"]})
            except InputError as error:
                yield f"variations: {error}"


def _certified(config: dict) -> Iterator[str]:
    """Models selected for a certificate that they cannot have."""
    for name in config["run"]["certified"]:
        if not _has_bounds(config, name):
            network = config["models"][name]["network"]["name"]
            yield f"run.certified: outputs of network '{network}' of '{name}' cannot be bounded: take it out"


def _frontier(config: dict) -> Iterator[str]:
    """Ways of training that are compared with themselves, or with what the study does not train."""
    frontier = config["run"]["frontier"]
    if not frontier["models"]:
        return
    nominal = frontier["nominal"]
    if nominal not in config["run"]["models"]:
        yield f"run.frontier.nominal needs the model '{nominal}': add it to run.models"
    if nominal in frontier["models"]:
        yield f"run.frontier.models compares '{nominal}' with itself: take it out"
    for name in frontier["attacks"]:
        if "source" in config["attacks"][name]:
            yield f"run.frontier.attacks: '{name}' is crafted on another model: name what it transfers"


def _pseudo_data(config: dict) -> Iterator[str]:
    """Pseudo-data that do not have all jets of a study, or that it knows already."""
    for name in config["run"]["pseudo_data"]:
        if not {"detector", "files"} & config["variations"][name].keys():
            yield (
                f"run.pseudo_data names '{name}', which lacks jets of the study: name a variation "
                "of the detector, or one with files"
            )
        if name in config["run"]["variations"]:
            yield (
                f"run.pseudo_data names '{name}', as run.variations does: what plays data is no source of "
                "uncertainty, take one out"
            )
        for model, definition in config["models"].items():
            if name in definition["recipe"].get("variations", ()):
                yield (
                    f"models.{model}.recipe.variations names '{name}', as run.pseudo_data does: what plays "
                    "data is not trained on, take one out"
                )


def _shown(config: dict) -> Iterator[str]:
    """Numbers that figures and claims quote but the study does not measure."""
    figures, claims, evaluation = (config[section] for section in ("figures", "claims", "evaluation"))
    for key in ("attack", "noise"):
        if figures[key] not in config["run"]["attacks"]:
            yield f"figures.{key} needs '{figures[key]}': add it to run.attacks"
        elif "source" in config["attacks"][figures[key]]:
            yield f"figures.{key}: '{figures[key]}' is crafted on another model: name what it transfers"
    if figures["attack"] == figures["noise"]:
        yield f"figures.noise is '{figures['noise']}', as is figures.attack: name another one to compare with"
    if 0.0 not in config["epsilons"]:
        yield "epsilons lacks 0, the raw jets that all others are compared with: add 0.0"
    for section in ("figures", "claims"):
        epsilon = config[section]["epsilon"]
        if epsilon not in config["epsilons"]:
            yield _unmeasured(f"{section}.epsilon", epsilon, "epsilons", config["epsilons"])
    if claims["efficiency"] not in evaluation["efficiencies"]:
        measured = evaluation["efficiencies"]
        yield _unmeasured("claims.efficiency", claims["efficiency"], "evaluation.efficiencies", measured)
    if claims["working_point"] not in evaluation["mistags"]:
        measured = evaluation["mistags"]
        yield _unmeasured("claims.working_point", claims["working_point"], "evaluation.mistags", measured)
    for name, attacks in figures["rocs"].items():
        for attack in attacks:
            if attack not in config["attacks"]:
                yield f"figures.rocs.{name} names '{attack}', which attacks lacks: mend the name"
    for entry in figures["mismodellings"]:
        yield from _mismodelling(entry, config)


def _mismodelling(entry: dict, config: dict) -> Iterator[str]:
    """One bar of the cross-check that nothing measures."""
    key, name, epsilon = f"figures.mismodellings '{entry['label']}'", entry["perturbation"], entry["epsilon"]
    scenarios = shown_scenarios(config)
    if name in config["run"]["attacks"]:
        if epsilon not in config["epsilons"]:
            yield _unmeasured(key, epsilon, "epsilons", config["epsilons"])
    elif name not in scenarios:
        # Not part of this study, so not shown; but it must mean something.
        if not any(name in config[kind] for kind in ("attacks", "scenarios", "variations")):
            yield f"{key} names '{name}', which no attack, scenario or variation defines: mend the name"
    elif "strengths" not in scenarios[name]:
        if epsilon != VARIED:
            yield f"{key} asks for epsilon {epsilon:g} of a varied sample: give {VARIED}"
    elif epsilon not in scenarios[name]["strengths"]:
        yield _unmeasured(key, epsilon, f"scenarios.{name}.strengths", scenarios[name]["strengths"])


def _pairs(config: dict) -> Iterator[str]:
    """Pairs that compare nothing, or what another one compares already."""
    compared: dict[tuple[str, str], str] = {}
    for pair in config["figures"]["pairs"]:
        models = pair["nominal"], pair["adversarial"]
        if models[0] == models[1]:
            yield f"figures.pairs '{pair['label']}' compares '{models[0]}' with itself: name two models"
        elif compared.setdefault(models, pair["label"]) != pair["label"]:
            yield f"figures.pairs '{compared[models]}' and '{pair['label']}' compare the same: remove one"


def _labels(config: dict) -> Iterator[str]:
    """Labels that stand for two things in one figure."""
    for key in ("pairs", "mismodellings"):
        labels = [entry["label"] for entry in config["figures"][key]]
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            yield f"figures.{key} has the label '{label}' twice: rename one"


def _validation(config: dict) -> Iterator[str]:
    """Samples of the validation that are not one for each flavour."""
    processes = {
        name: (config["samples"][name] | changes)["process"]
        for name, changes in config["validation"]["samples"].items()
        if name in simulated_samples(config)
    }
    for name, process in processes.items():
        if process not in FLAVOUR_OF_PROCESS:
            known = ", ".join(FLAVOUR_OF_PROCESS)
            yield f"validation.samples.{name}: '{process}' supplies no flavour of its own: use one of {known}"
    lacking = [name for name in FLAVOUR_OF_PROCESS if name not in processes.values()]
    if processes and lacking:
        yield (
            f"validation.samples has no sample of process {' or '.join(lacking)}: add one, "
            "or take all away with null"
        )


def _unmeasured(key: str, wanted: float, where: str, measured: Sequence[float]) -> str:
    there = ", ".join(f"{value:g}" for value in measured)
    return f"{key} asks for {wanted:g}, which {where} lacks: use one of {there}, or add it there"

"""What the jets of a study do not allow: perturbations, models and figures that need what they do not have.

What the default configuration selects and the jets do not allow is left out of a study, with a note in its
summary. What a preset asks for itself must fit, but for ways of training that are compared.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from robustag.documents import read_document
from robustag.errors import InputError
from robustag.features import FeatureTable, select_inputs
from robustag.features.published import read_moments
from robustag.workflow.places import DEFAULT
from robustag.workflow.teachers import lineage


class Misfit(NamedTuple):
    """Something selected that the jets do not allow.

    Attributes
    ----------
    selection : tuple of str
        Keys of the list or mapping that selects it, such as ("run", "scenarios").
    chosen
        Its entry there.
    lack : str
        What the jets lack, in few words.
    fault : str
        One line for whoever asked for it: the key, what is wrong, how to mend it.
    drops_out : bool
        Whether it is left out whoever asked for it: one of several things that are compared, of which those
        remain that there can be.
    """

    selection: tuple[str, ...]
    chosen: Any
    lack: str
    fault: str
    drops_out: bool = False


def misfits(config: Mapping[str, Any], table: FeatureTable) -> Iterator[Misfit]:
    """Everything that a configuration selects and its jets do not allow.

    Parameters
    ----------
    config : mapping
        A whole configuration that follows the schema.
    table : FeatureTable
        What ``features`` names.
    """
    yield from _variations(config)
    yield from _shown_inputs(config, table)
    yield from _scenarios(config, table)
    yield from _scales(config, table)
    yield from _networks(config, table)
    yield from _shown_variations(config)


def leave_out_defaults(config: dict, table: FeatureTable) -> tuple[list[str], list[Misfit]]:
    """Take out of a configuration, in place, what only the default selects and the jets do not allow.

    Parameters
    ----------
    config : dict
        A whole configuration that follows the schema.
    table : FeatureTable
        What ``features`` names.

    Returns
    -------
    list of str
        One line for each kind of thing and lack.
    list of Misfit
        What was asked for and does not fit.
    """
    unfit = list(misfits(config, table))
    if not unfit:  # nobody needs the default configuration, which takes a while to read
        return [], []
    default = read_document(DEFAULT)
    found = [misfit for misfit in unfit if misfit.drops_out or _of_default(config, default, misfit)]
    asked = [misfit for misfit in unfit if misfit not in found]
    left: dict[tuple[str, str], dict[str, None]] = {}
    for misfit in found:
        selected = _at(config, misfit.selection)
        if isinstance(selected, dict):
            selected.pop(misfit.chosen, None)
        else:
            # A new list: presets may share theirs with whatever else they were read for.
            _at(config, misfit.selection[:-1])[misfit.selection[-1]] = [
                each for each in selected if each != misfit.chosen
            ]
        left.setdefault((misfit.selection[-1], misfit.lack), {})[_called(misfit.chosen)] = None
    return [f"{kind} {', '.join(names)}: {lack}" for (kind, lack), names in left.items()], asked


def _of_default(config: Mapping[str, Any], default: Mapping[str, Any], misfit: Misfit) -> bool:
    """Whether the default configuration, and no preset, selects and defines something."""
    ours, theirs = _at(config, misfit.selection), _at(default, misfit.selection)
    if isinstance(ours, Mapping):
        return misfit.chosen in theirs and ours[misfit.chosen] == theirs[misfit.chosen]
    # Its definition, if it has one of its own; a pair of inputs is one itself.
    section = misfit.selection[-1]
    definitions = [each[section].get(misfit.chosen) for each in (config, default) if section in each]
    return bool(ours == theirs and definitions[:1] == definitions[1:])


def _at(config: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    found: Any = config
    for key in keys:
        found = found[key]
    return found


def _called(chosen: Any) -> str:
    return chosen if isinstance(chosen, str) else " and ".join(chosen["inputs"])


def _variations(config: Mapping[str, Any]) -> Iterator[Misfit]:
    """Variations that a selected sample does not have."""
    simulated = [name for name, sample in config["samples"].items() if "format" not in sample]
    selected = [(key, variation) for key in ("variations", "pseudo_data") for variation in config["run"][key]]
    for key, variation in selected:
        given = config["variations"][variation].get("files")
        for name in config["run"]["samples"]:
            if given is None and name not in simulated:
                lack = "these change the simulation, and samples are given as files"
                fault = (
                    f"run.{key}: '{variation}' changes the simulation, and sample '{name}' is given as "
                    f"files: take it out, or define a variation with files: {{{name}: [...]}}"
                )
            elif given is not None and name in simulated:
                lack = "these are given as files, and samples are simulated"
                fault = (
                    f"run.{key}: '{variation}' is given as files, and sample '{name}' is simulated: "
                    "take one of them out"
                )
            elif given is not None and name not in given:
                lack = f"there are no files for sample '{name}'"
                fault = f"variations.{variation}.files lacks the sample '{name}': add its files"
            else:
                continue
            yield Misfit(("run", key), variation, lack, fault)


def _shown_inputs(config: Mapping[str, Any], table: FeatureTable) -> Iterator[Misfit]:
    """Inputs of figures and planes that the feature table does not have."""
    named = [
        ("surface", "pairs", pair, name) for pair in config["surface"]["pairs"] for name in pair["inputs"]
    ]
    named += [("evaluation", "inputs", name, name) for name in config["evaluation"]["inputs"]]
    for section, key, chosen, name in named:
        if name not in table.names:
            close = ", ".join(get_close_matches(name, table.names, n=3, cutoff=0.0))
            fault = (
                f"{section}.{key} names '{name}', which {config['features']} lacks: "
                f"use an input such as {close}"
            )
            yield Misfit((section, key), chosen, "there are no such inputs", fault)


def _scenarios(config: Mapping[str, Any], table: FeatureTable) -> Iterator[Misfit]:
    """Scenarios that move inputs, or swap elements, that the feature table does not have."""
    for name in config["run"]["scenarios"]:
        scenario = config["scenarios"][name]
        try:
            select_inputs(scenario.get("inputs", ()), table)
        except InputError as error:
            lack = f"there are no inputs {', '.join(scenario['inputs'])}"
            yield Misfit(("run", "scenarios"), name, lack, f"scenarios.{name}.inputs: {error}")
        if scenario["kind"] == "swap":
            try:
                table.element_block(scenario.get("block"))
            except InputError as error:
                fault = f"scenarios.{name}: {error}; or take it out of run.scenarios"
                yield Misfit(("run", "scenarios"), name, "there are no elements to swap", fault)


def _scales(config: Mapping[str, Any], table: FeatureTable) -> Iterator[Misfit]:
    """Attacks, boxes, and models trained with them, in scales that no input of the feature table has."""
    run = config["run"]
    shifts = bool(table.shift_as_intended[~table.integer].any())
    scales = {
        **dict.fromkeys(("as_intended", "as_coded"), (shifts, "an input with a shift factor")),
        "resolution": (any(any(block.variances()) for block in table.blocks), "a role variance_of"),
        "published": (_published(config, table), "an input that validation.published has"),
        "uncertainty": (bool(table.uncertain.any()), "a variable with an uncertainty"),
    }
    attacks: list[tuple[tuple[str, ...], str, str, Any]] = [
        (("run", "attacks"), name, f"attacks.{name}", config["attacks"][name]) for name in run["attacks"]
    ]
    for selection, name, trained in _trained(config):
        recipe = config["models"][trained]["recipe"]
        for part in (recipe, recipe.get("attack", {})):
            attacks.append((selection, name, f"models.{trained}.recipe", part))
    for factors in config["certificates"]["boxes"]:
        selection = ("certificates", "boxes")
        attacks.append((selection, factors, f"certificates.boxes.{factors}", {"factors": factors}))
    for selection, name, key, definition in attacks:
        there, needed = scales.get(definition.get("factors"), (True, ""))
        if not there:
            fault = (
                f"{key} has the factors '{definition['factors']}', for which {config['features']} would need "
                f"{needed}: take it out of this study, or choose other factors"
            )
            yield Misfit(selection, name, f"they would need {needed}", fault)


def _trained(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The models that a study trains: the list that selects one, its entry there, and who is trained for it.

    That is the model itself, and its teachers if it has some.
    """
    parts = (("models",), ("pareto", "models"), ("frontier", "models"), ("certified",))
    for selection in (("run", *part) for part in parts):
        for name in _at(config, selection):
            yield from ((selection, name, trained) for trained in lineage(config, name))


def _shown_variations(config: Mapping[str, Any]) -> Iterator[Misfit]:
    """Models whose training shows variations that the study does not make."""
    out = {misfit.chosen for misfit in _variations(config)}
    made = [name for name in config["run"]["variations"] if name not in out]
    for selection, name, trained in _trained(config):
        for variation in config["models"][trained]["recipe"].get("variations", ()):
            if variation not in made:
                fault = (
                    f"models.{trained}.recipe.variations needs the variation '{variation}': add it to "
                    f"run.variations, or take the model {name} out of {'.'.join(selection)}"
                )
                lack = "their trainings show variations that are not made"
                yield Misfit(selection, name, lack, fault, drops_out="frontier" in selection)


def _published(config: Mapping[str, Any], table: FeatureTable) -> bool:
    """Whether anything is published of an input that may move."""
    known = read_moments(config["validation"]["published"])
    return any(name in known for name, count in zip(table.names, table.integer, strict=True) if not count)


def _networks(config: Mapping[str, Any], table: FeatureTable) -> Iterator[Misfit]:
    """Networks that need variables of elements which the feature table does not have."""
    have = [{variable.name for variable in block.variables} for block in table.element_blocks]
    for selection, name, trained in _trained(config):
        pairs = set(config["models"][trained]["network"].get("pairs", ()))
        if pairs and not any(pairs <= names for names in have):
            known = ", ".join(sorted(set().union(*have)))
            mend = f"use variables of one block ({known})" if known else "use another network"
            needed = ", ".join(sorted(pairs))
            fault = (
                f"models.{trained}.network.pairs: no block of {config['features']} has all of {needed}: "
                f"{mend}"
            )
            yield Misfit(selection, name, f"no block has {needed}", fault)

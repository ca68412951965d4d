"""Which source of uncertainty each perturbation stands for, and how many of its standard deviations it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What the definition of a variation changes -> kind of its source.
_KINDS = {
    "detector": "detector",
    "records": "detector",
    "files": "detector",
    "generator": "generator",
    "weights": "generator",
}
_COHERENT = "coherent shift"


@dataclass(frozen=True)
class Source:
    """What a perturbation stands for.

    Attributes
    ----------
    name : str
        The nuisance parameter of a calibration; perturbations of one name are changes of one cause.
    kind : str
        ``detector``: what is measured; ``generator``: the collisions; ``inputs``: the same change of the
        inputs of all jets, whatever their flavour; ``composition``: other proportions of the same jets.
    sigma : float
        Standard deviations of the nuisance at the largest strength; below zero for the other side.
    """

    name: str
    kind: str
    sigma: float


def sources_of(config: Mapping[str, Any]) -> dict[str, Source]:
    """The source of each perturbation of a study by its name.

    Parameters
    ----------
    config : mapping
        The whole configuration. Of the attacks only ``shift`` has a source, since the others know the jet;
        how large its nuisance is nobody says, so that its largest epsilon counts as one standard deviation.

    Returns
    -------
    dict
        Variations, then scenarios, then attacks, each in the order of `run`.
    """
    run = config["run"]
    found = {}
    for name in run["variations"]:
        definition = config["variations"][name]
        kind = next(kind for key, kind in _KINDS.items() if key in definition)
        found[name] = Source(definition.get("source", name), kind, float(definition.get("sigma", 1.0)))
    for name in run["scenarios"]:
        definition = config["scenarios"][name]
        kind = "composition" if definition["kind"] == "composition" else "inputs"
        sigma = max(definition["strengths"]) / definition["one_sigma"] if "one_sigma" in definition else 1.0
        found[name] = Source(definition.get("source", name), kind, sigma)
    for name in run["attacks"]:
        if config["attacks"][name]["name"] == "shift":
            found[name] = Source(_COHERENT, "inputs", 1.0)
    return found


def calibrated_sources(config: Mapping[str, Any]) -> dict[str, Source]:
    """Those of `sources_of` that make the rates of a calibration uncertain.

    Not attacks, which no detector makes, and not the composition of a sample, which leaves each jet alone.
    Changes of single inputs, which leave alone what hangs together with them, stand for a source only where
    no variation does.
    """
    found = sources_of(config)
    varied = {found[name].name for name in config["run"]["variations"]}
    return {
        name: found[name]
        for name in (*config["run"]["variations"], *config["run"]["scenarios"])
        if found[name].kind != "composition"
        and not (found[name].kind == "inputs" and found[name].name in varied)
    }

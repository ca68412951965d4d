"""The jobs of a finished study by stage, from their records."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

_SPENT = re.compile(r"CPU ([\d.]+) s, peak memory (\d+) MiB")
_TENSORS = ("records", "records_varied", "records_changed", "summarise", "normalise", "spread", "index")
_TENSORISED = ("tensorise", "tensorise_varied", "tensorise_records")
_VALIDATION = ("validate_generate", "validate_inputs", "validate_published", "validate_truth")
#: Rules of each stage, in the order of docs/cost.md; all other rules are of the last one.
STAGES = {
    "generate": ("generate",),
    "generate varied": ("generate_varied", "vary_records"),
    "validation": (*_VALIDATION, "validate_histograms"),
    "tensors": (*_TENSORS, *_TENSORISED),
    "train": ("train",),
    "attack": ("attack",),
    "mismodel": ("mismodel",),
    "align": ("align",),
    "surface": ("surface",),
    "transfer": ("transfer",),
    "epochs": ("epochs",),
    "groups": ("groups",),
    "distances": ("distances", "scenario_distances"),
    "certify": ("certify", "certify_rates"),
    "optimality": ("optimality",),
    "tables, verdicts, figures": (),
}
_STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}


class Job(NamedTuple):
    """What a record says of one job: its CPU seconds, its peak memory in MiB and its files by name."""

    rule: str
    wildcards: dict[str, str]
    params: dict[str, Any]
    cpu: float
    memory: int
    inputs: Mapping[str, Any] = MappingProxyType({})

    @property
    def stage(self) -> str:
        return _STAGE_OF.get(self.rule, [*STAGES][-1])


def jobs_of(results: Path) -> list[Job]:
    """Every job of the study in a results folder."""
    return list(_read(results))


def _read(results: Path) -> Iterator[Job]:
    for path in sorted((results / "logs").rglob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        cpu, memory = _SPENT.search(record["spent"]).groups()
        of = record["rule"], record["wildcards"], record["params"]
        yield Job(*of, float(cpu), int(memory), record["inputs"])

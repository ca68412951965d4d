"""What made each file of a study: one JSON record a job, beside its log, and one a study."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from robustag.errors import DamageError, InputError
from robustag.failures import refusing_damage
from robustag.files import written_whole
from robustag.workflow.provenance import provenance

STUDY = "study.json"


def write_job_record(snakemake: Any, spent: str, script: str) -> None:
    """Record a finished job beside its log: rule, wildcards, parameters with the code's fingerprint, seeds,
    files in and out, versions, kind of host, and what it took.

    Parameters
    ----------
    snakemake : Snakemake's script object
    spent : str
        Time and memory, in words.
    script : str
        Name of the file of the script.
    """
    record = {
        "rule": snakemake.rule,
        "script": script,
        # Of a run by hand.
        **({"command": snakemake.command} if hasattr(snakemake, "command") else {}),
        "wildcards": dict(snakemake.wildcards.items()),
        "params": _plain(snakemake.params),
        "input": sorted(map(str, snakemake.input)),
        "output": sorted(map(str, snakemake.output)),
        "inputs": _files(snakemake.input),
        "outputs": _files(snakemake.output),
        "log": str(snakemake.log[0]),
        "threads": snakemake.threads,
        "resources": {name: value for name, value in snakemake.resources.items() if not name.startswith("_")},
        "spent": spent,
        **provenance(),
    }
    with written_whole(record_of(Path(snakemake.log[0]))) as temporary:
        # Keys keep their order, which may be that of other lists.
        temporary.write_text(json.dumps(record, indent=1, default=str), encoding="utf-8")


def write_study_record(results: str | Path, configuration: dict) -> None:
    """Record the command and the whole configuration of a run in its results folder."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    record = {"command": command, "configuration": configuration, **provenance()}
    with written_whole(Path(results) / STUDY) as temporary:
        temporary.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")


def study_configuration(results: str | Path) -> dict:
    """The whole configuration of the study in a results folder.

    Raises
    ------
    InputError
        If the folder has no record of a study.
    """
    return _read(Path(results) / STUDY, "configuration")["configuration"]


def job_provenance(path: str | Path) -> dict:
    """How a file of a study was made: the record of its job, and the command of its study.

    Raises
    ------
    InputError
        If the file is not there, or no record of a study above it names it.
    """
    study, job, _ = _made(path)
    return {"study": study["command"], **job}


def read_job(path: str | Path) -> tuple[Path, dict]:
    """The folder where the job ran that made a file of a study, from which it names files, and its record.

    Raises
    ------
    InputError
        As `read_provenance`; if the record is from an older version, or the study was moved out of its folder
        ``results``.
    """
    _, job, output = _made(path)
    if "outputs" not in job:
        raise InputError(f"the record of {path} is from an older version: run its rule again")
    # As it was named, then without links: results may be a link to another disk.
    for whole in (Path(os.path.abspath(path)), Path(path).resolve()):
        parts = Path(output).parts
        if whole.parts[-len(parts) :] == parts:
            return whole.parents[len(parts) - 1], job
    raise InputError(f"{path} was made as {output}: move its study back to such a folder")


def _made(path: str | Path) -> tuple[dict, dict, str]:
    """The records of the study and of the job that made a file, and how the job names the file."""
    path = Path(path).resolve()
    if not path.is_file():
        raise InputError(f"{path} is not a file: give a file that a study made")
    for results in path.parents:
        if not (results / STUDY).is_file():
            continue
        study = _read(results / STUDY, "command")
        # Records name files as Snakemake does, from the folder where it runs.
        name = path.relative_to(results).as_posix()
        for record in sorted((results / "logs").rglob("*.json")):
            job = _read(record, "output")
            for made in job["output"]:
                if made.endswith(f"/{results.name}/{name}"):
                    return study, job, made
        raise InputError(f"no job of the study in {results} says that it made {name}: run its rule again")
    raise InputError(f"{path} lies in the results of no study: give a file under results/")


def record_of(log: Path) -> Path:
    """Where the record of a job stands, by its log."""
    return log.with_suffix(".json")


def _files(named: Any) -> dict[str, str | list[str]]:
    """Files by name; a list stays one."""
    return {
        name: [*map(str, files)] if isinstance(files, list) else str(files) for name, files in named.items()
    }


def _read(path: Path, key: str) -> dict:
    """A record, which has this key."""
    with refusing_damage(path, "is no record", "delete it and run its rule again"):
        try:
            record = json.loads(path.read_bytes())
        except ValueError as error:  # of json, and of text that is no UTF-8
            raise DamageError(str(error)) from None
        if not isinstance(record, dict) or key not in record:
            raise DamageError(f"it has no {key}")
    return record


def _plain(params: Any) -> dict:
    """Parameters by name; those without a name by their position."""
    named = dict(params.items())
    unnamed = [value for value in params if not any(value is other for other in named.values())]
    return named | {str(position): value for position, value in enumerate(unnamed)}

"""The verdicts for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

from robustag.checksums import sum_up, summed
from robustag.claims.judge import Judgement
from robustag.claims.masking import Flag
from robustag.claims.reading import interpretation, sigmas, weakest
from robustag.claims.settings import Settings
from robustag.claims.verdict import rule
from robustag.failures import refusing_damage

SCHEMA = 3
"""Version of the layout; it grows when a key changes its name or meaning, not when one is added."""


def to_json(judgements: Sequence[Judgement], flags: Sequence[Flag], settings: Settings) -> str:
    """Everything that is known about each verdict; numbers that do not exist are null.

    Keys: ``schema``, ``rule``, ``settings``, ``masking`` (signs by model) and ``claims``, each with ``id``,
    ``title``, ``kind``, ``statement``, ``source``, ``references`` and, by arm, ``models``, ``verdict``,
    ``parts``, ``sigmas`` (of the deciding test it hangs on), ``interpretation`` and ``findings``; at last
    ``checksum``, of all that.
    """
    claims: dict[str, dict[str, Any]] = {}
    for judgement in judgements:
        claim = judgement.claim
        entry = claims.setdefault(
            claim.id,
            {
                "id": claim.id,
                "title": claim.title,
                "kind": claim.kind,
                "statement": claim.statement,
                "source": claim.source,
                "references": list(claim.references),
                "arms": {},
            },
        )
        entry["arms"][judgement.arm] = {
            "models": dict(zip(("nominal", "adversarial"), judgement.models, strict=True)),
            "verdict": judgement.verdict,
            "parts": judgement.parts,
            "sigmas": sigmas(hangs_on) if (hangs_on := weakest(judgement)) else None,
            "interpretation": interpretation(judgement, settings.significance),
            "findings": [
                asdict(finding) | {"error": finding.error, "p": finding.p} for finding in judgement.findings
            ],
        }
    masking: dict[str, list[dict]] = {}
    for flag in flags:
        masking.setdefault(flag.model, []).append(
            {"sign": flag.name, "raised": flag.raised, "detail": flag.detail}
        )
    document = {
        "schema": SCHEMA,
        "rule": rule(settings.significance),
        "settings": asdict(settings),
        "masking": masking,
        "claims": list(claims.values()),
    }
    plain = _without_nan(document)
    return json.dumps(sum_up(plain), indent=2, allow_nan=False) + "\n"


def read_verdicts(path: str | Path) -> dict[str, Any]:
    """Read what `to_json` wrote to a file.

    Raises
    ------
    InputError
        If the file is damaged, was edited, or is something else.
    """
    with refusing_damage(path, "is damaged or holds no verdicts", "delete it and run again"):
        return summed(Path(path).read_bytes())


def flags_of(document: Mapping[str, Any]) -> list[Flag]:
    """The masking flags that `to_json` wrote."""
    return [
        Flag(model, flag["sign"], flag["raised"], flag["detail"])
        for model, signs in document["masking"].items()
        for flag in signs
    ]


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value

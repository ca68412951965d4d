"""Test of the claim about mismodelling, source by source, on rates at fixed cuts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import Quantity, average
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable
from robustag.evaluation.differences import Measurement
from robustag.evaluation.significance import holm, level

#: Kinds of sources, each a question of its own, and what reports call them.
KINDS = {
    "inputs": "shifts and smearing of inputs",
    "detector": "detector, re-simulated or changed in its records",
    "generator": "generator",
}
_QUANTITY = "relative change of rates at fixed cuts"
# Rates of b, light, c and again light jets.
_RATES = [(d, m) for d in ("BvL", "CvL") for m in ("fixed_cut_efficiency", "fixed_cut_mistag")]


@dataclass(frozen=True)
class _Source:
    """What a source of mismodelling does to both models: mean over rates of the sizes of their changes."""

    name: str
    kind: str
    nominal: Measurement
    adversarial: Measurement
    counts: bool


def other_mismodelling_is_tolerated(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C8: mismodelling that was not trained against changes the rates of the adversarial model less.

    What a calibration would have to undo: the relative changes of the b, c and light rates at cuts that were
    fixed on clean jets, of BvL and CvL. Up and down of one source count as one, by the larger change. A
    source counts if it changes a rate of these trainings of the two models together significantly: chosen by
    both models, a source that chance made large for one has no advantage. Three questions, by the kind of the
    sources; each is decided by the mean over its sources, which each support it.
    """
    findings: list[Finding] = []
    sources = list(_sources(evidence, settings))
    for kind, words in KINDS.items():
        made = [source for source in sources if source.kind == kind]
        found = [source for source in made if source.counts]
        quantity = f"{_QUANTITY}, mean over sources, {words}"
        if not found:
            reason = (
                "none of them changes a rate significantly"
                if made
                else "the study shows no such mismodelling"
            )
            findings.append(untestable(quantity, reason, part=kind))
            continue
        nominal = average([source.nominal for source in found])
        adversarial = average([source.adversarial for source in found])
        numbers: Mapping[str, Quantity | float] = {
            "nominal": nominal,
            "adversarial": adversarial,
            "share of the change that is gone": (nominal - adversarial) / nominal,
            "sources": len(found),
            "of": len(made),
        }
        findings.append(_smaller(quantity, nominal, adversarial, numbers, kind))
        findings += [
            _smaller(
                f"{_QUANTITY}, {source.name}",
                source.nominal,
                source.adversarial,
                {"nominal": source.nominal, "adversarial": source.adversarial},
                kind,
                deciding=False,
            )
            for source in found
        ]
    return findings


def _smaller(
    quantity: str,
    nominal: Measurement,
    adversarial: Measurement,
    numbers: Mapping[str, Quantity | float],
    kind: str,
    deciding: bool = True,
) -> Finding:
    return find(
        f"{quantity}: nominal minus adversarial",
        nominal - adversarial,
        numbers,
        deciding=deciding,
        compares=True,
        part=kind,
    )


def _sources(evidence: Evidence, settings: Settings) -> Iterator[_Source]:
    """The sources of the shown mismodellings that both models were measured under."""
    shown = [
        entry
        for entry in settings.mismodellings
        if entry["kind"] in KINDS and evidence.offers(entry["perturbation"], float(entry["epsilon"]))
    ]
    # A stand-in on the inputs alone does not speak for a source that is re-simulated.
    for (name, kind), entries in groupby(sorted(shown, key=_source), key=_source):
        of_it = list(entries)
        rates = list(_changes(evidence, of_it, settings.working_point))
        if not rates:
            continue
        p = holm([change.p for rate in rates for change in rate])
        larger = [max(rate, key=_Change.both) for rate in rates]
        yield _Source(
            name,
            kind,
            average([change.nominal.magnitude for change in larger]),
            average([change.adversarial.magnitude for change in larger]),
            counts=bool(np.nanmin(p) < level(settings.significance)),
        )


def _source(entry: Mapping) -> tuple[str, str]:
    return entry["source"], entry["kind"]


@dataclass(frozen=True)
class _Change:
    """Relative change of one rate of both models by one perturbation."""

    nominal: Measurement
    adversarial: Measurement

    def both(self) -> float:
        """Its size in both models together."""
        return abs(self.nominal.mean) + abs(self.adversarial.mean)

    @property
    def p(self) -> float:
        """That it is there in these trainings of both models: what others would show is no matter here."""
        mean = average([self.nominal, self.adversarial])
        return mean.p_value_of(mean.mean, these_trainings=True)

    @property
    def known(self) -> bool:
        """Whether it exists, with errors: a rate of zero has no relative change."""
        both = (self.nominal, self.adversarial)
        return bool(np.isfinite([number for one in both for number in (one.mean, one.statistical)]).all())


def _changes(evidence: Evidence, entries: Sequence[Mapping], working_point: float) -> Iterator[list[_Change]]:
    """For each rate its changes by all perturbations of a source; without rates that do not exist."""
    for discriminator, metric in _RATES:
        if not evidence.ranks(discriminator):
            continue
        changes = [
            _Change(
                *(
                    evidence.relative_change(
                        model,
                        entry["perturbation"],
                        float(entry["epsilon"]),
                        discriminator,
                        metric,
                        working_point,
                    )
                    for model in evidence.models
                )
            )
            for entry in entries
        ]
        if all(change.known for change in changes):
            yield changes

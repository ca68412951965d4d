"""Tests of the claims about performance and robustness, on AUCs and mis-tag rates."""

from robustag.claims.evidence import Evidence, find
from robustag.claims.quantities import scaled
from robustag.claims.settings import Settings
from robustag.claims.verdict import Finding, untestable


def nominal_is_vulnerable(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C3: FGSM lowers the AUC of the nominal model, for b and for c tagging."""
    findings = []
    for epsilon in settings.epsilons:
        if not evidence.offers(settings.attack, epsilon):
            findings.append(not_measured(settings.attack, epsilon, epsilon == settings.epsilon))
            continue
        deciding = epsilon == settings.epsilon
        for discriminator in ("BvL", "CvL"):
            raw = evidence.auc(evidence.nominal, settings.attack, 0.0, discriminator)
            attacked = evidence.auc(evidence.nominal, settings.attack, epsilon, discriminator)
            findings.append(
                find(
                    f"loss of {discriminator} AUC of the nominal model under {settings.attack_label}, "
                    f"epsilon {epsilon:g}",
                    raw - attacked,
                    {"raw": raw, settings.attack_label: attacked},
                    deciding=deciding,
                    discriminator=discriminator,
                )
            )
        raw, attacked = (
            evidence.mistag(evidence.nominal, settings.attack, strength, "BvL", settings.efficiency)
            for strength in (0.0, epsilon)
        )
        findings.append(
            find(
                f"light mis-tag at {settings.efficiency:.0%} efficiency, {settings.attack_label} over raw, "
                f"epsilon {epsilon:g}",
                attacked / raw,
                {"raw": raw, settings.attack_label: attacked},
                threshold=1.0,
                deciding=False,
            )
        )
    return findings


def noise_is_milder(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C4: Gaussian noise costs the nominal model much less BvL AUC than FGSM of the same size.

    That it costs less at all is no discovery: noise does not know the flavour. The size decides.
    """
    findings = []
    for epsilon in settings.epsilons:
        deciding = epsilon == settings.epsilon
        absent = [name for name in (settings.attack, settings.noise) if not evidence.offers(name, epsilon)]
        if absent:
            findings.append(not_measured(absent[0], epsilon, deciding))
            continue
        attack, noise = (
            evidence.auc_loss(evidence.nominal, name, epsilon, "BvL")
            for name in (settings.attack, settings.noise)
        )
        numbers = {f"loss under {settings.attack_label}": attack, "loss under noise": noise}
        what = f"loss of BvL AUC of the nominal model, epsilon {epsilon:g}: {settings.attack_label} minus"
        factor = settings.much_smaller
        beyond = attack - scaled(factor, noise)
        findings += [
            find(f"{what} {factor:g} times noise", beyond, numbers, deciding=deciding),
            find(f"{what} noise", attack - noise, numbers, deciding=False),
        ]
    return findings


def adversarial_training_mitigates(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C5: FGSM costs the adversarially trained model less AUC than the nominal one, and much less.

    Two questions, the direction and the size, for BvL and CvL.
    """
    findings = []
    for epsilon in settings.epsilons:
        deciding = epsilon == settings.epsilon
        if not evidence.offers(settings.attack, epsilon):
            findings.append(not_measured(settings.attack, epsilon, deciding))
            continue
        for discriminator in ("BvL", "CvL"):
            nominal, adversarial = (
                evidence.auc_loss(model, settings.attack, epsilon, discriminator)
                for model in (evidence.nominal, evidence.adversarial)
            )
            numbers = {"loss, nominal": nominal, "loss, adversarial": adversarial}
            attacked = f"under {settings.attack_label}, epsilon {epsilon:g}"
            what = f"loss of {discriminator} AUC {attacked}: nominal minus"
            factor = settings.much_smaller
            for part, words, gain in (
                ("less", "adversarial", evidence.gain(settings.attack, epsilon, discriminator)),
                ("much less", f"{factor:g} times adversarial", nominal - scaled(factor, adversarial)),
            ):
                findings.append(
                    find(
                        f"{what} {words}",
                        gain,
                        numbers,
                        deciding=deciding,
                        compares=True,
                        discriminator=discriminator,
                        part=part,
                    )
                )
    return findings


def performance_is_preserved(evidence: Evidence, settings: Settings) -> list[Finding]:
    """C6: on raw jets the adversarially trained model is no worse than the nominal one by more than a margin.

    BvL decides, and CvL, which paid for robustness in the predecessor study.
    """
    if not evidence.offers(settings.attack, 0.0):
        return [not_measured(settings.attack, 0.0, True)]
    findings = []
    for discriminator in ("BvL", "CvL"):
        nominal, adversarial = (
            evidence.auc(model, settings.attack, 0.0, discriminator)
            for model in (evidence.nominal, evidence.adversarial)
        )
        findings.append(
            find(
                f"{discriminator} AUC on raw jets, adversarial minus nominal",
                adversarial - nominal,
                {"nominal": nominal, "adversarial": adversarial},
                threshold=-settings.preserved_within,
                compares=True,
                discriminator=discriminator,
                part=discriminator,
            )
        )
    return findings


def gain_under(words: str, perturbation: str, epsilon: float, evidence: Evidence) -> Finding:
    """What a perturbation, called by these words, costs the nominal model more than the adversarial one."""
    losses = {
        f"loss, {role}": evidence.auc_loss(model, perturbation, epsilon, "BvL")
        for role, model in zip(("nominal", "adversarial"), evidence.models, strict=True)
    }
    return find(
        f"loss of BvL AUC under {words}: nominal minus adversarial",
        evidence.gain(perturbation, epsilon, "BvL"),
        losses,
        compares=True,
    )


def not_measured(perturbation: str, epsilon: float, deciding: bool) -> Finding:
    return untestable(
        f"{perturbation} at {epsilon:g}", "the study did not measure it on both models", deciding
    )

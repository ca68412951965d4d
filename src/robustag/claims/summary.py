"""The page that a study ends with: what came out, in numbers with errors and in verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from robustag.claims.certified import certified_lines
from robustag.claims.data import summary_lines
from robustag.claims.document import flags_of
from robustag.claims.headline import headline, with_error
from robustag.claims.markdown import table
from robustag.claims.report import masking_table
from robustag.claims.settings import Settings
from robustag.evaluation.differences import matching
from robustag.evaluation.measurements import Measurements
from robustag.evaluation.weighted import effective_shares, too_few


@dataclass(frozen=True)
class Outcome:
    """What a study found.

    Attributes
    ----------
    study
        Its name.
    claims
        What `robustag.claims.document.to_json` wrote, read.
    metrics, pareto
        Collected tables with `robustag.evaluation.reading.METRIC_COLUMNS`, metrics with ``n``, too; no
        pareto (None) without models to compare.
    mismodelling
        From `robustag.evaluation.verdicts.verdicts`.
    certificates
        model, seed, epsilon, discriminator, method, metric and value; None without any.
    rates
        Table ``certified_rates``; None without any.
    data
        From `robustag.evaluation.data_verdicts.data_verdicts`; None without data.
    sizes
        model, seed, input, unit, size and share: how far epsilon moves each input, and its share in that.
    audit
        perturbation, epsilon, model and ``invalid_covariances``.
    left_out
        What of the default study its jets do not allow, in lines.
    weights
        Names of the variations that are weights of the nominal jets.
    inventory
        From `robustag.evaluation.inventory.inventory`.
    """

    study: str
    claims: Mapping[str, Any]
    metrics: pd.DataFrame
    pareto: pd.DataFrame | None
    mismodelling: pd.DataFrame
    certificates: pd.DataFrame | None
    rates: pd.DataFrame | None
    data: pd.DataFrame | None
    sizes: pd.DataFrame
    audit: pd.DataFrame
    left_out: Sequence[str]
    weights: Sequence[str]
    inventory: pd.DataFrame


def summary_page(outcome: Outcome, pairs: Sequence[Mapping[str, str]], settings: Settings) -> str:
    """Headline, verdicts, masking audit, sizes, trade-off, mismodelling and certificates, as Markdown.

    Parameters
    ----------
    pairs
        ``label``, ``nominal`` and ``adversarial`` of each arm.
    settings
        How claims were tested.
    """
    flags = flags_of(outcome.claims)
    details = [f"* {flag.model}, {flag.name}: {flag.detail}." for flag in flags if flag.raised] or [
        "No sign was raised."
    ]
    sections = {
        "Headline": headline(outcome.metrics, pairs, flags, settings),
        "Published claims": [
            *verdicts(outcome.claims),
            "",
            "With numbers, references and meaning: claims.md.",
        ],
        "Masking audit": [*masking_table(flags, short=True), "", *details],
        "What epsilon means": physical_size(outcome.sizes, outcome.audit, settings),
        "Performance against robustness": trade_off(outcome.pareto, settings),
        "Mismodelling": [
            *mismodelling(outcome.mismodelling, settings),
            *reweighting(outcome.metrics, outcome.weights),
        ],
        "Data against simulation": [] if outcome.data is None else summary_lines(outcome.data),
        "Certificates": [
            *certificates(outcome.certificates),
            *([] if outcome.rates is None else ["", *certified_lines(outcome.rates, settings.working_point)]),
        ],
        "Not in this study": [f"* {line}" for line in outcome.left_out],
    }
    lines = [f"# Study {outcome.study}", *weighting(outcome.inventory)]
    for title, section in sections.items():
        if not section:
            continue
        lines += ["", f"## {title}", "", *section]
    return "\n".join(lines) + "\n"


def weighting(inventory: pd.DataFrame) -> list[str]:
    """What the weights of events do to the sample, in a line; nothing where jets count one each."""
    quantities = inventory.set_index(["quantity", "name"])["value"]
    if "event_weights" not in quantities.index:
        return []
    weights, jets = quantities["event_weights"], quantities["jets"].sum()
    return [
        "",
        f"Jets count as their events are weighted: {weights['negative']:.1%} of them negatively, all weights "
        f"add up to {weights['sum']:.3g} of their sizes, and the {jets:.0f} jets are as good as "
        f"{weights['effective']:.0f} of weight one.",
    ]


def verdicts(claims: Mapping[str, Any]) -> list[str]:
    """One row per claim, one column per arm."""
    arms = list(claims["claims"][0]["arms"])
    rows = [
        [claim["id"], claim["title"], *(_verdict(claim["arms"][arm]) for arm in arms)]
        for claim in claims["claims"]
    ]
    return table(["claim", "about", *arms], rows, aligned=True)


def physical_size(sizes: pd.DataFrame, audit: pd.DataFrame, settings: Settings) -> list[str]:
    """How far the attack moves the ten inputs that matter most, and how many covariances it makes impossible.

    Inputs come in the order of their share in the effect of the attack on the nominal models, to first order.
    """
    models = list(dict.fromkeys(sizes["model"]))
    shares = sizes.pivot_table("share", "input", "model")[models]
    reach = sizes.drop_duplicates("input").set_index("input")
    rows = []
    for name in shares.mean(axis=1).nlargest(10).index:
        unit = "" if reach["unit"][name] == "1" else f" {reach['unit'][name]}"
        moved = f"{reach['size'][name]:.2g}{unit}"
        rows.append([name, moved, *(f"{share:.1%}" for share in shares.loc[name])])
    called = f"{settings.attack_label} {settings.epsilon:g}"
    lines = table(
        ["input", f"{called} moves it by", *(f"share, {model}" for model in models)], rows, aligned=True
    )
    audited = audit[matching(audit, perturbation=settings.attack, epsilon=settings.epsilon)]
    broken = audited.groupby("model")["invalid_covariances"].mean()
    if broken.any():
        found = ", ".join(f"{broken[model]:.0%} ({model})" for model in models)
        lines += ["", f"Covariances that {called} makes impossible: {found}."]
    return lines


def trade_off(pareto: pd.DataFrame | None, settings: Settings) -> list[str]:
    """BvL AUC of every recipe on raw jets, and what each attack at the strength of the figures takes of it.

    A loss is that of the attack's own jets, raw and attacked. Nothing without recipes.
    """
    if pareto is None:
        return []
    attacks = list(dict.fromkeys(pareto["perturbation"]))
    measured = Measurements(pareto)
    epsilon = settings.shown_epsilon
    rows = []
    for model in dict.fromkeys(pareto["model"]):
        wanted: dict[str, Any] = {"model": model, "discriminator": "BvL", "metric": "auc"}
        raw = measured.measurement(**wanted, perturbation=attacks[0], epsilon=0.0)
        losses = [measured.harm(**wanted, perturbation=attack, epsilon=epsilon) for attack in attacks]
        rows.append([model, str(len(raw.seeds)), *map(with_error, [raw, *losses])])
    losses_to = (f"loss to {attack} {epsilon:g}" for attack in attacks)
    header = ["model", "trainings", "BvL AUC, raw", *losses_to]
    return table(header, rows, aligned=True)


def mismodelling(found: pd.DataFrame, settings: Settings) -> list[str]:
    """Loss of BvL AUC of both models to each shown mismodelling, and whether adversarial training helps.

    Nothing where the study shows none, or BvL is not among its discriminators.
    """
    found = found[(found["discriminator"] == "BvL") & (found["metric"] == "auc")]
    rows = []
    for entry in settings.mismodellings:
        chosen = found[matching(found, perturbation=entry["perturbation"], epsilon=float(entry["epsilon"]))]
        for _, row in chosen.iterrows():
            losses = [
                f"{row[role]:.4f} ± {row[f'{role}_error']:.4f}" for role in ("nominal", "adversarial", "gain")
            ]
            rows.append([entry["label"], row["pair"], *losses, row["verdict"]])
    header = ["mismodelling", "arm", "loss of BvL AUC, nominal", "adversarial", "gain", "training"]
    return table(header, rows, aligned=True) if rows else []


def reweighting(metrics: pd.DataFrame, weights: Sequence[str]) -> list[str]:
    """How many of the jets are left where variations are weights, and a warning where they are too few."""
    shares = effective_shares(metrics, weights)
    if not shares:
        return []
    found = ", ".join(f"{share:.0%} ({name})" for name, share in shares.items())
    lines = ["", f"By weights of the same jets, which are then worth as many as this share of them: {found}."]
    return lines + [f"**Too few jets**: {line}." for line in too_few(shares)]


def certificates(found: pd.DataFrame | None) -> list[str]:
    """BvL AUC raw and under the best attack, and its proven bound, on the same jets; nothing without any."""
    if found is None:
        return []
    found = found[(found["metric"] == "auc") & (found["discriminator"] == "BvL")]
    rows = []
    for model, of_model in found.groupby("model", sort=False):
        values = of_model.groupby(["epsilon", "method"])["value"].mean()
        trainings = str(of_model["seed"].nunique())
        for epsilon in sorted(set(of_model["epsilon"]) - {0.0}):
            shown = values[0.0, "attack"], values[epsilon, "attack"], values[epsilon, "proven"]
            rows.append([model, trainings, f"{epsilon:g}", *(f"{value:.4f}" for value in shown)])
    header = [
        "model",
        "trainings",
        "epsilon",
        "BvL AUC, raw",
        "best attack of every jet",
        "proven: never below",
    ]
    return table(header, rows, aligned=True) if rows else []


def _verdict(judged: Mapping[str, Any]) -> str:
    distance = judged["sigmas"]
    verdict = judged["verdict"] + (f" ({distance:+.1f} σ)" if distance is not None else "")
    answers = ", ".join(f"{part} {answer}" for part, answer in judged["parts"].items())
    return f"{verdict}: {answers}" if answers else verdict

"""Tables made so that a claim holds, fails or stays open: every number is chosen, none is simulated."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from robustag.claims.evidence import Evidence
from robustag.claims.masking import ORDERS
from robustag.claims.settings import Settings

SEEDS = (1, 2, 3)
REPLICATES = 200
RAW = {"BvL": 0.93, "CvL": 0.75}
# Losses of AUC at the deciding epsilon with which every robustness claim holds.
GOOD = {
    ("nominal", "fgsm"): 0.05,
    ("nominal", "noise"): 0.002,
    ("adversarial", "fgsm"): 0.01,
    ("adversarial", "noise"): 0.001,
    ("nominal", "pgd"): 0.055,
    ("adversarial", "pgd"): 0.012,
    ("nominal", "ip_resolution_up"): 0.02,
    ("adversarial", "ip_resolution_up"): 0.01,
}

Losses = Mapping[tuple[str, str], float]


@pytest.fixture
def settings() -> Settings:
    """The default study's way of testing."""
    return Settings(
        attack="fgsm",
        noise="noise",
        attacks={
            "fgsm": {"name": "fgsm", "factors": "none"},
            "noise": {"name": "noise", "factors": "none"},
            "pgd": {"name": "pgd", "factors": "none", "steps": 20},
            "pgd_l2": {"name": "pgd", "factors": "none", "norm": "l2"},
        },
        epsilon=0.01,
        shown_epsilon=0.05,
        mismodellings=(
            {"label": "noise", "perturbation": "noise", "epsilon": 0.01, "source": "noise", "kind": "inputs"},
            {"label": "worse resolution", "perturbation": "ip_resolution_up", "epsilon": 1.0}
            | {"source": "resolution", "kind": "detector"},
        ),
        working_point=0.01,
        efficiency=0.7,
        significance=2.0,
        much_smaller=3.0,
        preserved_within=0.003,
        hidden_jets=10_000,
        masked_within=0.01,
        matched_within=0.01,
        jet_pt="jet_pt",
    )


@pytest.fixture
def make_metrics() -> Callable[..., pd.DataFrame]:
    """Metrics with the given losses of AUC, each spread by ``spread`` around it over the three seeds.

    Rates at fixed cuts change by five (signal) and ten times (background) the loss of AUC, relative.
    """

    def make(
        losses: Losses | None = None,
        clean_cost: float = 0.0,
        spread: float = 0.0002,
        error: float = 0.0005,
    ) -> pd.DataFrame:
        losses = {**GOOD, **(losses or {})}
        generator = np.random.default_rng(3)
        common = 0.004 * generator.standard_normal(REPLICATES)
        rows = []
        for role in ("nominal", "adversarial"):
            for seed in SEEDS:
                for perturbation, strengths in {
                    "fgsm": (0.0, 0.01, 0.05),
                    "noise": (0.0, 0.01, 0.05),
                    "pgd": (0.0, 0.01, 0.05),
                    "ip_resolution_up": (0.0, 1.0),
                }.items():
                    for strength in strengths:
                        loss = 0.0
                        if strength:
                            loss = losses[role, perturbation] * (4.0 if strength == 0.05 else 1.0)
                            loss += spread * (seed - 2)
                        for discriminator, raw in RAW.items():
                            value = raw - clean_cost * (role == "adversarial") - loss
                            own = error * generator.standard_normal(REPLICATES) if strength else 0.0
                            rows.append(
                                (
                                    *(role, seed, perturbation, strength, discriminator),
                                    *("auc", np.nan, value, value + common + own),
                                )
                            )
                            rates = {"fixed_cut_efficiency": 0.7 * (1 - 5 * loss)}
                            rates |= {"fixed_cut_mistag": 0.01 * (1 + 10 * loss)}
                            for metric, rate in rates.items():
                                own = error * generator.standard_normal(REPLICATES) if strength else 0.0
                                rows.append(
                                    (
                                        *(role, seed, perturbation, strength, discriminator),
                                        *(metric, 0.01, rate, rate * (1 + common + own)),
                                    )
                                )
                        for metric, value in (("loss", 0.7 + 5 * loss), ("accuracy", 0.7 - loss)):
                            own = error * generator.standard_normal(REPLICATES) if strength else 0.0
                            rows.append(
                                (
                                    *(role, seed, perturbation, strength, "all"),
                                    *(metric, np.nan, value, value + common + own),
                                )
                            )
                        mistag = 0.05 * np.exp(10 * loss)
                        rows.append(
                            (
                                *(role, seed, perturbation, strength, "BvL"),
                                *("mistag_at_efficiency", 0.7, mistag, mistag * (1 + common)),
                            )
                        )
        return pd.DataFrame(
            rows,
            columns=[
                *("model", "seed", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
                *("value", "replicates"),
            ],
        ).assign(kind="attack")

    return make


@pytest.fixture
def make_geometry() -> Callable[..., pd.DataFrame]:
    """Slopes and interactions of 300 jets around the given mean slope ratios and shares of the steepest."""

    def make(
        nominal: float = 0.6, adversarial: float = 0.3, scatter: float = 0.1, steepest: float = 0.1
    ) -> pd.DataFrame:
        parts = []
        for model, ratio in (("nominal", nominal), ("adversarial", adversarial)):
            for seed in SEEDS:
                generator = np.random.default_rng([seed, model == "nominal"])
                jets = 300
                parts.append(
                    pd.DataFrame(
                        {
                            "model": model,
                            "seed": seed,
                            "jet": np.arange(jets),
                            "label": np.arange(jets) % 3,
                            "grad_ratio": ratio + scatter * generator.uniform(-1, 1, jets),
                            "interaction": 0.1 * ratio,
                            "grad_l1": 1.0,
                            "grad_linf": steepest + 0.01 * generator.uniform(-1, 1, jets),
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    return make


@pytest.fixture
def make_planes() -> Callable[..., pd.DataFrame]:
    """Which plane is looked at."""

    def make() -> pd.DataFrame:
        plane = {"jets": "jet", "kind": "inputs", "feature_x": "jet_pt", "feature_y": "jet_eta"}
        models = [(model, seed) for model in ("nominal", "adversarial") for seed in SEEDS]
        return pd.DataFrame([{"model": model, "seed": seed, **plane} for model, seed in models])

    return make


def _replicated(value: float, error: float, generator: np.random.Generator) -> dict:
    return {"value": value, "replicates": value + error * generator.standard_normal(REPLICATES)}


@pytest.fixture
def make_statistics() -> Callable[..., pd.DataFrame]:
    """Surface statistics of all jets with the given values of nominal and adversarial model."""

    def make(
        slope: tuple[float, float] = (10.0, 5.0),
        linearity: tuple[float, float] = (0.1, 0.05),
        second: float = 0.6,
        pair: float = 1.5,
        sides: tuple[float, float] = (0.06, 0.001),
    ) -> pd.DataFrame:
        generator, none = np.random.default_rng(5), float("nan")
        values = {
            ("margin_l1", none): slope,
            ("grad_l1", none): slope,
            ("curvature", none): slope,
            ("linearity_error", 0.01): linearity,
            ("linearity_error", 0.05): linearity,
            ("gradient_cosine", 0.05): (0.8, 0.9),
            ("second_share", none): (second, second),
            ("pair_share", none): (pair, pair),
            ("max_over_min", none): slope,
            ("size_x", none): (0.05, 0.06),
            ("size_y", none): sides,
        }
        return pd.DataFrame(
            [
                {
                    "model": model,
                    "seed": seed,
                    "flavour": flavour,
                    "statistic": statistic,
                    "summary": "median",
                    "epsilon": epsilon,
                    **_replicated(both[number] * (1 + 0.01 * (seed - 2)), 0.005 * both[number], generator),
                }
                for number, model in enumerate(("nominal", "adversarial"))
                for seed in SEEDS
                for flavour in ("b", "all")
                for (statistic, epsilon), both in values.items()
            ]
        )

    return make


@pytest.fixture
def make_distances() -> Callable[..., pd.DataFrame]:
    """Shifts of 40 inputs of the nominal model, and the jets at which they are seen.

    FGSM shifts b jets up and light jets down by ``shift`` epsilon, noise, which knows of no training, shifts
    nothing. The most visible input is seen with ``jets`` jets, to 4 %; the values of one repeat.
    """

    def make(shift: float = 0.5, jets: float = 1e6) -> pd.DataFrame:
        generator, rows = np.random.default_rng(7), []
        cases = [("fgsm", seed, shift) for seed in SEEDS] + [("noise", 1, 0.0)]
        front = {"model": "nominal", "kind": "attack", "flavour": "all", "low": np.nan, "high": np.nan}
        for epsilon in (0.01, 0.05):
            for name, seed, size in cases:
                case = {**front, "perturbation": name, "seed": seed, "epsilon": epsilon}
                for number in range(40):
                    named = {**case, "input": f"input_{number}" if number else "jet_pt"}
                    for flavour, way in (("b", 1.0), ("c", 0.2), ("light", -1.0)):
                        value = epsilon * (size * way + 0.01 * generator.standard_normal())
                        ends = {"low": value - 0.01 * epsilon, "high": value + 0.01 * epsilon}
                        moved = {"distance": "shift", "flavour": flavour, "value": value}
                        rows.append({**named, **moved, **ends})
                    needed = jets * (100 if name == "noise" else 1) * (1 + number) * (1 + 0.02 * (seed - 2))
                    ends = {"low": 0.96 * needed, "high": 1.04 * needed}
                    kind = "jets_to_see_repeated" if number == 39 else "jets_to_see"
                    rows.append({**named, "distance": kind, "value": needed, **ends})
                    rows.append({**named, "distance": "kl", "value": 0.001})
                joint = {**case, "input": "all", "distance": "classifier_auc"}
                rows.append({**joint, "value": 0.97})
        return pd.DataFrame(rows).assign(floor=np.nan)

    return make


@pytest.fixture
def make_epochs() -> Callable[..., pd.DataFrame]:
    """AUCs after three epochs; FGSM costs ``first`` after epoch 1 and ``last`` (of either model) after 12."""

    def make(first: float = 0.02, nominal: float = 0.06, adversarial: float = 0.01) -> pd.DataFrame:
        rows, generator = [], np.random.default_rng(11)
        for model, last in (("nominal", nominal), ("adversarial", adversarial)):
            for seed in SEEDS:
                for epoch, share in ((1, 0.0), (4, 0.5), (12, 1.0)):
                    raw = 0.90 + 0.03 * share
                    cost = first + share * (last - first) + 0.0005 * (seed - 2)
                    shown = {
                        ("none", "raw"): raw,
                        ("none", "noise"): raw - 0.001,
                        ("self", "fgsm"): raw - cost,
                        ("reference", "fgsm"): raw - 0.3,
                    }
                    for (source, perturbation), value in shown.items():
                        case = {"model": model, "seed": seed, "epoch": epoch, "source": source}
                        case |= {"perturbation": perturbation, "discriminator": "BvL"}
                        case["epsilon"] = 0.05 if perturbation != "raw" else 0.0
                        rows.append({**case, **_replicated(value, 0.0005, generator)})
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def make_spans() -> Callable[..., pd.DataFrame]:
    """Shares of the attack's effect along systematics and along random directions, with errors of 0.02."""

    def make(systematics: float = 0.7, random: float = 0.1) -> pd.DataFrame:
        generator = np.random.default_rng(19)
        return pd.DataFrame(
            [
                {
                    "model": model,
                    "seed": seed,
                    "span": span,
                    "kept": kept,
                    "discriminator": "BvL",
                    "share": share + 0.002 * (seed - 2),
                    "replicates": share + 0.02 * generator.standard_normal(REPLICATES),
                }
                for model in ("nominal", "adversarial")
                for seed in SEEDS
                for kept, factor in (("projected", 1.0), ("rescaled", 2.0))
                for span, value in (("jet", systematics), ("random_jet", random))
                for share in [factor * value]
            ]
        )

    return make


@pytest.fixture
def make_certificates() -> Callable[..., pd.DataFrame]:
    """BvL AUC raw, attacked and proven: ``left`` says how far beyond the attack, as a share of its cost."""

    def make(left: float = 0.8, error: float = 0.0002) -> pd.DataFrame:
        generator, cost = np.random.default_rng(17), 0.01
        common = 0.004 * generator.standard_normal(REPLICATES)
        values = {("attack", 0.0): 0.93, ("proven", 0.0): 0.93, ("attack", 0.01): 0.93 - cost}
        values["proven", 0.01] = 0.93 - (1 + left) * cost
        return pd.DataFrame(
            [
                {"model": model, "seed": 1, "method": method, "epsilon": epsilon, "discriminator": "BvL"}
                | {"metric": "auc", "value": value}
                | {"replicates": value + common + error * generator.standard_normal(REPLICATES)}
                for model in ("nominal", "adversarial")
                for (method, epsilon), value in values.items()
            ]
        )

    return make


@pytest.fixture
def make_inventory() -> Callable[..., pd.DataFrame]:
    """A sample of 100,000 jets prepared as claimed, unless told otherwise, and the published network."""

    def make(
        train: float = 0.72,
        mean: float = 0.0,
        light: float = 1.0,
        loss: str = "double_softmax_focal",
        layers: int = 5,
        jets: int = 100_000,
        inputs: int = 184,
    ) -> pd.DataFrame:
        split = {"train": train, "validation": 0.08, "test": 0.92 - train}
        sample = [("jets", f"{name} b", jets * share) for name, share in split.items()]
        sample += [("jets", f"{name} c", 0) for name in split] + [("events", "", jets)]
        sample += [("mean", "jet_pt", 0.0), ("mean", "jet_eta", mean)]
        sample += [("width", "jet_pt", 1.0), ("width", "constant", 0.0)]
        sample += [("weighted", "b", 1.0), ("weighted", "c", 1.0), ("weighted", "light", light)]
        sample += [("spectrum_distance", "weighted", 0.0), ("spectrum_distance", "unweighted", 0.1)]
        card = [
            ("parameters", "", 59_203),
            ("inputs", "", inputs),
            ("network", "mlp", np.nan),
            ("hidden_layers", "", layers),
        ]
        card += [("narrowest", "", 100), ("widest", "", 100), ("dropout", "", 0.1)]
        card += [("loss", loss, np.nan), ("gamma", "", 25.0), ("optimiser", "adam", np.nan)]
        card += [("learning_rate", "", 1e-4), ("batch_size", "", 65_536), ("epochs", "", 497)]
        rows = [("sample", 0, *row) for row in sample]
        rows += [("nominal", seed, *row) for seed in SEEDS for row in card]
        return pd.DataFrame(rows, columns=["model", "seed", "quantity", "name", "value"])

    return make


@pytest.fixture
def make_tables(
    make_metrics,
    make_geometry,
    make_planes,
    make_statistics,
    make_distances,
    make_epochs,
    make_spans,
    make_inventory,
    make_certificates,
) -> Callable[..., dict[str, pd.DataFrame]]:
    """All tables, from keyword arguments of their factories."""
    factories = {
        "metrics": make_metrics,
        "geometry": make_geometry,
        "planes": make_planes,
        "surface_statistics": make_statistics,
        "distances": make_distances,
        "epochs": make_epochs,
        "spans": make_spans,
        "inventory": make_inventory,
        "certificates": make_certificates,
    }

    def make(**changes: dict) -> dict[str, pd.DataFrame]:
        assert changes.keys() <= factories.keys()
        return {name: factory(**changes.get(name, {})) for name, factory in factories.items()}

    return make


@pytest.fixture
def evidence(make_tables) -> Callable[..., Evidence]:
    """Evidence for one pair, from keyword arguments of the factories."""
    return lambda **changes: Evidence("nominal", "adversarial", make_tables(**changes))


@pytest.fixture
def make_audit() -> Callable[..., dict[str, pd.DataFrame]]:
    """Tables audit and transfer: shares without gradient or with NaN in it, excess harm of jets of another
    model."""

    def make(zero: float = 0.0, excess: float = -0.01, unusable: float = 0.0) -> dict[str, pd.DataFrame]:
        generator = np.random.default_rng(13)
        models = ("nominal", "adversarial")
        audit = [
            {"model": model, "seed": seed, "perturbation": "fgsm", "epsilon": 0.05}
            | dict.fromkeys(("zero_gradient", "unusable"), 0.0)
            | ({"zero_gradient": zero, "unusable": unusable} if model == "adversarial" else {})
            for model in models
            for seed in SEEDS
        ]
        transfer = []
        for source in models:
            for target in models:
                for seed in SEEDS:
                    value = 0.8 - (excess if source != target and target == "adversarial" else 0.0)
                    value += 0.01 * (source != target and target == "nominal")
                    case = {"model": source, "seed": seed, "target": target, "epsilon": 0.05}
                    case |= {"discriminator": "BvL", "metric": "auc"}
                    transfer.append({**case, **_replicated(value, 0.0005, generator)})
        return {"audit": pd.DataFrame(audit), "transfer": pd.DataFrame(transfer)}

    return make


@pytest.fixture
def make_orders() -> Callable[..., pd.DataFrame]:
    """Every rule checked once for both models; the named rule fails on the adversarial one."""

    def make(fails: str = "") -> pd.DataFrame:
        return pd.DataFrame(
            [
                {"model": model, "rule": rule, "weaker": "weak", "stronger": "strong", "epsilon": epsilon}
                | {"holds": not (model == "adversarial" and rule == fails and epsilon > 0.01)}
                for model in ("nominal", "adversarial")
                for rule in ORDERS
                for epsilon in (0.01, 0.05)
            ]
        )

    return make

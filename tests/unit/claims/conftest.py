"""Tables made so that a claim holds, fails or stays open: every number is chosen, none is simulated."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from robustag.claims.evidence import Evidence, Settings

SEEDS = (1, 2, 3)
REPLICATES = 200
RAW = {"BvL": 0.93, "CvL": 0.75}
# Losses of AUC at the deciding epsilon with which every robustness claim holds.
GOOD = {
    ("nominal", "fgsm"): 0.05,
    ("nominal", "noise"): 0.002,
    ("adversarial", "fgsm"): 0.01,
    ("adversarial", "noise"): 0.001,
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
        epsilon=0.01,
        shown_epsilon=0.05,
        mismodellings=(
            {"label": "noise", "perturbation": "noise", "epsilon": 0.01},
            {"label": "worse resolution", "perturbation": "ip_resolution_up", "epsilon": 1.0},
        ),
        efficiency=0.7,
        significance=2.0,
        much_smaller=3.0,
        preserved_within=0.003,
    )


@pytest.fixture
def make_metrics() -> Callable[..., pd.DataFrame]:
    """Metrics with the given losses of AUC, each spread by ``spread`` around it over the three seeds."""

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
    """Slopes and mixed differences of 300 jets around the given mean slope ratios."""

    def make(nominal: float = 0.6, adversarial: float = 0.3, scatter: float = 0.1) -> pd.DataFrame:
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
                            "mixed_difference": 0.1 * ratio * generator.choice([-1, 1], jets),
                            "loss_range": 1.0,
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    return make


@pytest.fixture
def make_planes() -> Callable[..., pd.DataFrame]:
    """Bilinear loss planes 1 + a x + b y + c x y on [-1/2, 1/2]^2, with (a, b, c) of each model."""

    def make(
        nominal: tuple[float, float, float] = (-0.05, -0.06, -0.02),
        adversarial: tuple[float, float, float] = (0.06, -0.001, 0.001),
    ) -> pd.DataFrame:
        offset = np.linspace(-0.5, 0.5, 5)
        delta_x, delta_y = (grid.ravel() for grid in np.meshgrid(offset, offset, indexing="ij"))
        parts = []
        for model, (a, b, c) in (("nominal", nominal), ("adversarial", adversarial)):
            for seed in SEEDS:
                wobble = 1 + 0.05 * (seed - 2)
                parts.append(
                    pd.DataFrame(
                        {
                            "model": model,
                            "seed": seed,
                            "jets": "jet",
                            "kind": "inputs",
                            "feature_x": "jet_pt",
                            "feature_y": "jet_eta",
                            "delta_x": delta_x,
                            "delta_y": delta_y,
                            "loss": 1 + a * delta_x + b * delta_y + wobble * c * delta_x * delta_y,
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    return make


@pytest.fixture
def evidence(make_metrics, make_geometry, make_planes) -> Callable[..., Evidence]:
    """Evidence for one pair, from keyword arguments of the three factories."""

    def make(metrics=None, geometry=None, planes=None) -> Evidence:
        return Evidence(
            "nominal",
            "adversarial",
            make_metrics(**(metrics or {})),
            make_geometry(**(geometry or {})),
            make_planes(**(planes or {})),
        )

    return make


@pytest.fixture
def tables(make_metrics, make_geometry, make_planes) -> SimpleNamespace:
    """The three default tables."""
    return SimpleNamespace(metrics=make_metrics(), geometry=make_geometry(), planes=make_planes())

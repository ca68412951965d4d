"""What all tests share: the project's root, its feature table, hand-made jets and one finished study."""

from pathlib import Path

import hypothesis
import numpy as np
import pytest

from robustag.features import FeatureTable
from robustag.readers import JetRecords, event_key
from robustag.workflow.simulation import simulate_chunk
from tests.checkout import OddCheckout
from tests.studies import Study, run_smoke_study

ROOT = Path(__file__).resolve().parents[1]

# A busy machine is no fault of the code.
hypothesis.settings.register_profile("robustag", deadline=None)
hypothesis.settings.load_profile("robustag")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Tests of one file share a worker, and so do all that look at the finished study: none is made twice."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFileAndStudy(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return "the study's" if file.startswith(("tests/e2e/", "tests/slurm/")) else file

    return ByFileAndStudy(config, log)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root."""
    return ROOT


@pytest.fixture(scope="session")
def table() -> FeatureTable:
    """The 184 inputs of the study."""
    return FeatureTable.load(ROOT / "config/features/jet_flavor.yaml")


@pytest.fixture
def records(table: FeatureTable) -> JetRecords:
    """600 random jets, two an event, with missing entries and a few that are not finite."""
    rng = np.random.default_rng(7)
    number = 600
    values = rng.normal(3.0, 1.5, (number, table.size))
    values[rng.random(values.shape) < 0.2] = np.nan
    values[0, 3], values[1, 4] = np.inf, -np.inf
    jets = JetRecords(
        values=values,
        label=rng.integers(0, 3, number),
        pt=rng.uniform(20, 300, number).astype(np.float32),
        eta=rng.uniform(-2.5, 2.5, number).astype(np.float32),
        weight=np.ones(number),
        event=event_key(*np.ones((2, number // 2)), np.arange(number // 2)).repeat(2),
        index=np.tile([0, 1], number // 2),
    )
    return jets.cleaned("jets.root", table)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> Path:
    """Ntuple of 60 simulated top pairs: real jets, with and without six tracks and vertices."""
    path = tmp_path_factory.mktemp("ntuple") / "ttbar.root"
    sample = {"process": "ttbar", "events": 60, "pythia": ["PartonLevel:MPI = off"]}
    generator = {"events_per_chunk": 60, "detector": {"tracker": "atlas_run1"}}
    simulate_chunk(
        "ttbar", sample, generator, 0, root_seed=5, outputs={"nominal": path}, progress=lambda done: None
    )
    return path


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Study:
    """The finished smoke study, in a folder of a name that few would choose."""
    return run_smoke_study(OddCheckout(tmp_path_factory.mktemp("study")))

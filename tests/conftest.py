"""What all tests share: the project's root, its feature table, hand-made jets and one finished study."""

import os
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from robustag.features import FeatureTable
from robustag.readers import JetRecords, event_key
from robustag.workflow.simulation import simulate_chunk
from tests.studies import Study, shared_study

ROOT = Path(__file__).resolve().parents[1]

# A busy machine is no fault of the code.
hypothesis.settings.register_profile("robustag", deadline=None)
hypothesis.settings.load_profile("robustag")


# Tests that need the study come last, in this order: those of the first file have made it by then. What takes
# longest is not left for the end, when nothing is left to do beside it.
_MAKES_THE_STUDY = "tests/e2e/test_smoke_study.py"
_USE_THE_STUDY = ("tests/slurm/", "tests/e2e/test_faults.py", "tests/e2e/")


def turn(file: str) -> int:
    """When a file's tests are due among all: the lower, the earlier."""
    if file == _MAKES_THE_STUDY:
        return -1
    return next((place for place, start in enumerate(_USE_THE_STUDY, 1) if file.startswith(start)), 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.nodeid.split("::")[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Tests of one file share a worker, and with it what they make for all of them."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.split("::")[0]

    return ByFile(config, log)


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
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return shared_study(common, tmp_path_factory.mktemp("own"))

"""A packed study, unpacked where nothing else is."""

import subprocess

import pytest

from tests.checkout import Checkout
from tests.studies import SMOKE

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def unpacked(study, tmp_path_factory) -> Checkout:
    """The project elsewhere, with a packed study and nothing else of its results."""
    run = study.checkout.snakemake(*SMOKE, "--cores", "1", "--", "archive")
    assert run.returncode == 0, run.stdout
    elsewhere = Checkout(tmp_path_factory.mktemp("archive") / "elsewhere")
    archive = study.checkout.folder / "results/smoke.tar.gz"
    subprocess.run(["tar", "--extract", "--file", archive], cwd=elsewhere.folder, check=True)
    return elsewhere


def test_it_holds_no_jets(unpacked):
    assert not list((unpacked.folder / "results/smoke").rglob("*.root"))
    assert not (unpacked.folder / "results/smoke/attacks").exists()


def test_figures_and_verdicts_are_made_again_from_tables_alone(unpacked):
    redraw = ("--workflow-profile", "profiles/redraw", *SMOKE, "--cores", "2")
    # The feature table of this checkout is younger than the archive: what reads it is drawn again.
    planned = unpacked.plan(*redraw, "--", "all")
    assert all(rule.startswith("fig_") for rule in planned.keys() - {"all"})
    assert "fig_roc" not in planned
    roc = unpacked.folder / "results/smoke/plots/fig_roc_BvL.png"
    before = roc.read_bytes()
    roc.unlink()
    run = unpacked.snakemake(*redraw, "--", "all")
    assert run.returncode == 0, run.stdout
    assert roc.read_bytes() == before


def test_every_file_in_it_tells_how_it_was_made(unpacked):
    claims = unpacked.folder / "results/smoke/claims.json"
    told = subprocess.run(
        ["robustag", "provenance", claims], capture_output=True, text=True, check=True
    ).stdout
    assert '"rule": "claims"' in told
    assert "--configfile config/smoke.yaml" in told

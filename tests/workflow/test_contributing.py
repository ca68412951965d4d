"""The examples of CONTRIBUTING.md work as they are written."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from tests.checkout import Checkout

from robustag.files import write_table

PLACE = re.compile(r"(?:#|\.\.) ([\w/.]+\.\w+)(?:, (at the end|below|instead of) ?(.*))?\n")


def examples(root, section):
    """The code of a section, each piece with its file and where in it the code belongs."""
    text = (root / "CONTRIBUTING.md").read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    for code in re.findall(r"```\w+\n(.*?)```", text, re.DOTALL):
        file, where, line = (place := PLACE.match(code)).groups()
        yield file, where, line, code[place.end() :]


@pytest.fixture
def follow(root, tmp_path, monkeypatch):
    """A checkout of its own in which a section was followed."""

    def follow(section):
        checkout = Checkout(tmp_path / "project")
        for name in ("src", "workflow", "scripts", "profiles"):
            if (checkout.folder / name).is_symlink():
                (checkout.folder / name).unlink()
            shutil.copytree(root / name, checkout.folder / name)
        for file, where, line, code in examples(root, section):
            path = checkout.folder / file
            if where is None:
                assert not path.exists(), f"{file} is there already"
                path.write_text(code)
                continue
            before = path.read_text()
            assert line in before.splitlines() or where == "at the end", f"{file} has no line {line}"
            after = {
                "at the end": before + code,
                "below": before.replace(f"{line}\n", f"{line}\n{code}"),
                "instead of": before.replace(f"{line}\n", code),
            }
            path.write_text(after[where])
        monkeypatch.setenv("PYTHONPATH", str(checkout.folder / "src"))
        return checkout

    return follow


def metrics():
    """Two models with three seeds on raw jets: BvL AUC 0.93, CvL AUC 0.75, with small errors."""
    rng = np.random.default_rng(1)
    rows = [
        (model, seed, "attack", "fgsm", 0.0, name, "auc", np.nan, auc, auc + 0.001 * rng.normal(size=50))
        for model in ("clean_nominal", "clean_fgsm")
        for seed in (1, 2, 3)
        for name, auc in (("BvL", 0.93 + 0.001 * seed), ("CvL", 0.75))
    ]
    names = ["model", "seed", "kind", "perturbation", "epsilon", "discriminator", "metric"]
    return pd.DataFrame(rows, columns=[*names, "working_point", "value", "replicates"])


@pytest.mark.process
def test_a_figure_is_added_as_it_says(follow):
    checkout = follow("A figure")
    assert checkout.plan("--configfile", "config/smoke.yaml", "--", "fig_seeds")["fig_seeds"] == 1
    write_table(metrics(), checkout.folder / "results/default/tables/metrics.parquet")
    run = checkout.snakemake("--workflow-profile", "profiles/redraw", "--cores", "1", "fig_seeds")
    assert run.returncode == 0, run.stdout
    plots = checkout.folder / "results/default/plots"
    assert (plots / "fig_seeds.png").read_bytes().startswith(b"\x89PNG")
    assert len(pd.read_csv(plots / "fig_seeds.csv")) == 6


@pytest.mark.process
def test_a_claim_is_added_as_it_says(follow, tmp_path):
    folder = follow("A claim").folder
    metrics().to_parquet(tmp_path / "metrics.parquet")
    code = """
import sys, pandas as pd
from types import SimpleNamespace
from robustag.claims.catalogue import CLAIMS
from robustag.claims.evidence import Evidence
from robustag.claims.judge import findings_of
from robustag.claims.verdict import combine
evidence = Evidence("clean_nominal", "clean_fgsm", {"metrics": pd.read_parquet(sys.argv[1])})
settings = SimpleNamespace(attack="fgsm", significance=2.0)
print(CLAIMS[-1].id, combine(findings_of(CLAIMS[-1], evidence, settings)))
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "metrics.parquet")],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == "C18 reproduced", run.stderr


def test_the_commands_are_there(root):
    targets = re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE)
    for page in ("CONTRIBUTING.md", "README.md", ".github/workflows/ci.yml"):
        text = (root / page).read_text()
        commands = re.findall(r"(?:^|`|run: )make ([a-z -]+?)(?:`|  |\n| &&)", text, re.MULTILINE)
        assert commands
        for words in commands:
            assert set(words.split()) <= set(targets), words

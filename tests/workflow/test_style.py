"""The tools that keep the house in order find nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.process
@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        pytest.param(["mypy"], marks=pytest.mark.slow),
        ["snakefmt", "--check", "Snakefile", "workflow"],
        ["codespell_lib"],
        ["snakemake", "--lint"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_clean(root, command):
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_scripts_stay_short_and_rules_have_theirs(root):
    for script in (root / "scripts").glob("*.py"):
        lines = script.read_text().splitlines()
        assert len(lines) <= 70, f"{script.name} does more than read, call and write"
    used = "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    for script in (root / "scripts").glob("*.py"):
        assert f"scripts/{script.name}" in used, f"no rule runs {script.name}"


def test_no_merge_is_left_half_done(root):
    pages = [*root.glob("*.*"), *(root / "docs").rglob("*.md"), *(root / "config").rglob("*.*")]
    for page in filter(Path.is_file, pages):
        assert not re.search(r"^(<{7}|>{7}) ", page.read_text(encoding="utf-8"), re.MULTILINE), page

"""Disks that only one test sees."""

import shutil
import subprocess

import pytest


def in_own_mounts(command: str) -> subprocess.CompletedProcess:
    """Run a shell command of a test that may mount what it likes; skips the test where nobody may."""
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "--mount", "true"], check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root and mount namespaces")
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", command], capture_output=True, text=True, check=False
    )

"""Where compiled kernels are kept, and that they do without."""

import shlex
import sys
from pathlib import Path

import pytest
from tests.mounts import in_own_mounts

import robustag


@pytest.mark.process
@pytest.mark.slow
def test_kernels_run_where_nothing_can_be_written_to():
    """As in a read-only image, for a user without a home."""
    folder = shlex.quote(str(Path(robustag.__file__).parent))
    code = "from robustag.generate.kernels import perigee; print(perigee(*[1.0] * 9)[0])"
    run = in_own_mounts(
        f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && "
        f"HOME=/dev/null XDG_CACHE_HOME=/dev/null {shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert float(run.stdout) == 0.0

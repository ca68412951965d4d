"""Running Snakemake in a copy of the project, so that tests leave the project as it is."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_LINKED = ("Snakefile", "workflow", "scripts", "profiles")
#: A name of a folder that means something to shells.
ODD = 'it\'s a "Grün" folder, $HOME {x} & more'


class Checkout:
    """A folder that looks like the project: code linked, configuration copied, results its own."""

    @property
    def python(self) -> str:
        return sys.executable

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in _LINKED:
            (folder / name).symlink_to(ROOT / name)
        for file in (path for kind in ("*.yaml", "*.csv") for path in (ROOT / "config").rglob(kind)):
            copy = folder / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Snakemake here; standard error comes with standard output."""
        return subprocess.run(
            [self.python, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def plan(self, *arguments: str) -> dict[str, int]:
        """Jobs a rule that a dry run announces; empty when there is nothing to do."""
        run = self.snakemake("--dry-run", *arguments)
        assert run.returncode == 0, run.stdout
        table = re.search(r"^job +count\n[- ]+\n(.*?)\ntotal", run.stdout, re.MULTILINE | re.DOTALL)
        if table is None:
            assert "Nothing to be done" in run.stdout, run.stdout
            return {}
        return {name: int(count) for name, count in (line.split() for line in table[1].splitlines())}


class OddCheckout(Checkout):
    """A checkout in a folder whose name means something to shells, with an environment of its own in it.

    The environment has the packages of the one that runs the tests; nothing is installed.
    """

    def __init__(self, above: Path) -> None:
        super().__init__(above / ODD)
        venv.create(self.folder / ".venv", symlinks=True)
        packages = self.folder / f".venv/lib/python{sysconfig.get_python_version()}/site-packages"
        (packages / "all.pth").write_text(f"{ROOT / 'src'}\n{sysconfig.get_path('purelib')}\n")

    @property
    def python(self) -> str:
        return str(self.folder / ".venv/bin/python")

    @classmethod
    def copied(cls, made: Path, above: Path) -> "OddCheckout":
        """One that was made in another folder, with all that is in it, at the times at which it was made."""
        shutil.copytree(made / ODD, above / ODD, symlinks=True)
        checkout = cls.__new__(cls)
        checkout.folder = above / ODD
        return checkout

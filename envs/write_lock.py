"""Write a lock file whose pins carry the hashes of their files.

    python envs/write_lock.py LOCK < pins

The comment at the head of LOCK stays; the rest becomes the pins (`name==version` lines, as `pip freeze`
prints them), each with the SHA-256 sums that pip's package index gives for its files, so that pip installs
nothing else.
"""

import json
import re
import sys
import urllib.request
from functools import cache
from pathlib import Path

from pip._internal.commands import create_command

# Sums of wheels for other Pythons and systems would treble the file.
FITTING = re.compile(r"(py3-none-any|cp31[1-4]-cp31[1-4]|cp3\d+-abi3|py3-none).*\.whl$|\.tar\.gz$")
FOREIGN = re.compile(r"win32|win_amd64|win_arm64|musllinux|ppc64le|s390x|i686|armv7l|riscv64|ios_|android")


@cache
def index() -> str:
    """Address of the package index that pip is set to ask; pip has no public way to say it."""
    return create_command("download").parser.get_default_values().index_url.rstrip("/")


def sums(name: str, version: str) -> list[str]:
    """SHA-256 sums of the files of one release."""
    request = urllib.request.Request(
        f"{index()}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    spelled = "[-_.]".join(name.split("-"))
    release = re.compile(rf"{spelled}-{re.escape(version)}(-|\.tar)", re.IGNORECASE)
    return sorted(
        file["hashes"]["sha256"]
        for file in files
        if release.match(file["filename"])
        and FITTING.search(file["filename"])
        and not FOREIGN.search(file["filename"])
    )


def main(lock: Path) -> None:
    """Rewrite one lock file."""
    head = [line for line in lock.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    lines = []
    for pin in sorted(set(sys.stdin.read().split()), key=str.lower):
        name, version = pin.split("==")
        found = sums(re.sub("[-_.]+", "-", name.lower()), version)
        if not found:
            sys.exit(f"the index has no file of {pin} that fits: choose another version")
        lines.append(" \\\n    ".join([pin, *(f"--hash=sha256:{one}" for one in found)]))
    lock.write_text("\n".join(head + lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""`python -m tests.benchmarks.stability results/one results/other ...`: verdicts of studies side by side.

Studies of one configuration under several root seeds (keys ``seed`` and ``study``) differ in everything that
is random. A claim is stable if all say the same, open if some only lack the statistics to decide ("within
error"), and contradicted if one says reproduced and another not reproduced.
"""

import json
import sys
from collections import Counter
from pathlib import Path

DECIDED = ("reproduced", "not reproduced")


def verdicts(study: Path) -> dict[tuple[str, str], str]:
    """Verdict of every claim of a study, and of each of its parts, by (claim, arm)."""
    found = {}
    for claim in json.loads((study / "claims.json").read_text(encoding="utf-8"))["claims"]:
        for arm, answer in claim["arms"].items():
            found[claim["id"], arm] = answer["verdict"]
            found |= {(f"{claim['id']}, {part}", arm): verdict for part, verdict in answer["parts"].items()}
    return found


def row(key: tuple[str, str], answers: list[str]) -> str:
    """What the studies say to one claim."""
    counts = Counter(answers)
    if len(counts) == 1:
        said = "stable"
    else:
        said = "contradicted" if all(word in counts for word in DECIDED) else "open"
    told = ", ".join(f"{number} {word}" for word, number in counts.most_common())
    return f"| {key[0]} | {key[1]} | {told} | {said} |"


def main(folders: list[str]) -> None:
    """Print a table of all verdicts that the studies share, and how often they are stable."""
    found = [verdicts(Path(folder)) for folder in folders]
    shared = [key for key in found[0] if all(key in other for other in found)]
    rows = [row(key, [study[key] for study in found]) for key in shared]
    print("| claim | arm | verdicts | |", "| --- | --- | --- | --- |", *rows, sep="\n")
    print("", Counter(line.rsplit("| ", 1)[1].removesuffix(" |") for line in rows), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])

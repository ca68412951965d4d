"""All that a GPU is asked to show, in less than eight minutes: `python -m tests.benchmarks.gpu`.

First the checks that tests make on a GPU (`tests/unit/test_cuda.py`), then how fast it is, as tables that
docs/performance.md takes. The exit status is 1 if a check fails or a limit is missed. `--device cpu --scale
0.001` tries the script itself where there is none.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from tests.benchmarks.gpu.attacks import attacks
from tests.benchmarks.gpu.training import precisions, speeds, validation

ROOT = Path(__file__).resolve().parents[3]
#: Of the papers: training, validation and test jets, and jets a step.
TRAINING, VALIDATION, TEST, BATCH = 8_274_218, 919_358, 2_300_000, 65_536


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the papers' jets")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1024, 8192, BATCH])
    parser.add_argument("--updates", type=int, default=500, help="of a timed epoch, at most")
    options = parser.parse_args()
    device, began = torch.device(options.device), time.perf_counter()
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU here: --device cpu --scale 0.001 tries the script")
    torch.set_num_threads(1)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor"
    training, held_out, test = (
        max(2000, round(options.scale * jets)) for jets in (TRAINING, VALIDATION, TEST)
    )
    good = []

    def heading(text: str) -> None:
        print(f"\n## {text} ({time.perf_counter() - began:.0f} s)\n", flush=True)

    print(f"torch {torch.__version__} on {name}")
    if device.type == "cuda":
        heading("Checks")
        checks = [sys.executable, "-m", "pytest", "-q", "tests/unit/test_cuda.py"]
        good.append(subprocess.run(checks, cwd=ROOT, check=False).returncode == 0)
    heading("Updates")
    good += speeds(device, options.batch_sizes, options.updates)
    heading("Validation")
    good += validation(device, training, held_out, min(BATCH, training // 2))
    heading("Precision")
    with tempfile.TemporaryDirectory() as folder:
        precisions(device, min(training, 200_000), options.batch_sizes[::2], Path(folder))
    heading("Attacks")
    good += attacks(device, test, min(BATCH, test // 2))
    heading("Done")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

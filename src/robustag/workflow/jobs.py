"""The frame of every rule's script: its log, and how it fails."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robustag.errors import InputError


@contextmanager
def job(snakemake: Any) -> Iterator[logging.Logger]:
    """Log to the rule's log file; show a user's error as one line, anything else with its traceback.

    Parameters
    ----------
    snakemake : Snakemake's script object
        Its `log`, `rule` and `wildcards` are used.

    Yields
    ------
    logging.Logger
        Writes to the log file only; the console belongs to `robustag.workflow.progress`.
    """
    name = " ".join([snakemake.rule, *snakemake.wildcards])
    path = Path(snakemake.log[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("robustag")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    start = time.perf_counter()
    log.info("%s started", name)
    try:
        yield log
    except InputError as error:
        log.error(str(error))
        print(f"robustag: {name}: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception:
        log.exception("%s failed", name)
        raise
    else:
        log.info("%s finished in %.1f s", name, time.perf_counter() - start)
    finally:
        log.removeHandler(handler)
        handler.close()

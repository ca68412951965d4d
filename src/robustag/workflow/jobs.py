"""The frame of every rule's script: its log, and how it fails."""

import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from robustag.errors import InputError
from robustag.failures import explain
from robustag.workflow.records import write_job_record

_STDOUT = 1  # the file descriptor, which C++ libraries write to past Python's sys.stdout


def _spent(start: float) -> str:
    """Wall time since `start`, CPU time and peak memory of this process: what a cluster job would ask for."""
    wall, cpu = time.perf_counter() - start, time.process_time()
    unit = 1024**2 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return f"wall {wall:.1f} s, CPU {cpu:.1f} s, peak memory {peak:.0f} MiB"


@contextmanager
def job(script: Mapping[str, Any]) -> Iterator[tuple[Any, logging.Logger]]:
    """Log to the rule's log file and record how its outputs were made; show errors of the user and of the
    machine as one line.

    Their traceback goes to the log; any other error shows it on the console, too. The end by a cluster or by
    Ctrl-C is one line as well. What libraries print to standard output (banners of Pythia and FastJet) goes
    to the log.

    Parameters
    ----------
    script : mapping
        The script's ``globals()``, where Snakemake puts its object ``snakemake``. Without one, the script
        was started by hand, and its command line says the same (`robustag.workflow.by_hand`).

    Yields
    ------
    snakemake
        What Snakemake gives the script: ``input``, ``output``, ``params``, ``wildcards`` and so on.
    logging.Logger
        Writes to the log file only; the console belongs to `robustag.workflow.progress`.
    """
    snakemake = script["snakemake"] if "snakemake" in script else _started_by_hand(script["__file__"])
    name = " ".join([snakemake.rule, *snakemake.wildcards])
    # A cluster ends a job with SIGTERM, Ctrl-C with SIGINT: leave as after any error, so that nothing
    # half-written stays.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        with _logged(Path(snakemake.log[0])) as log:
            start = time.perf_counter()
            log.info("%s started", name)
            try:
                yield snakemake, log
            except InputError as error:
                log.error(str(error))
                raise
            except SystemExit as stop:
                line = f"{name} was ended (exit status {stop.code}): run again"
                log.error(line)
                print(f"robustag: {line}", file=sys.stderr)
                raise
            except Exception:
                log.exception("%s failed", name)
                raise
            spent = _spent(start)
            write_job_record(snakemake, spent, Path(script["__file__"]).name)
            log.info("%s finished: %s", name, spent)
    except Exception as error:
        reason = explain(error)
        if reason is None:
            raise
        print(f"robustag: {name}: {reason}", file=sys.stderr)
        sys.exit(1)


def _started_by_hand(script: str) -> Any:
    """What Snakemake would give the script, from the command line."""
    from robustag.workflow.by_hand import by_hand

    try:
        return by_hand(script, sys.argv[1:])
    except InputError as error:
        sys.exit(f"robustag: {Path(script).stem}: {error}")


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """End this job, once: a second signal shall not disturb the tidying up."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


@contextmanager
def _logged(path: Path) -> Iterator[logging.Logger]:
    """A logger to a new file at `path`, which also takes what libraries print to standard output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("robustag")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    # Where the log cannot be written, as on a full disk, the console still says why.
    logging.raiseExceptions = False
    console = os.dup(_STDOUT)
    # It is open from the start.
    os.dup2(handler.stream.fileno(), _STDOUT)  # type: ignore[union-attr]
    try:
        yield log
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os.dup2(console, _STDOUT)
        os.close(console)
        log.removeHandler(handler)
        with suppress(OSError):
            handler.close()

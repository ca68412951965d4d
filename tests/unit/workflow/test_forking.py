"""Jobs that are forked from one process behave as those with an interpreter of their own."""

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robustag.workflow.forking.server import imports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux alone")

_PARENT = """
import sys
from robustag.workflow.forking.start import fork_jobs
fork_jobs()
print(sys.executable, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """A process that has started the server, and lives until its standard input ends."""
    command = [sys.executable, "-c", _PARENT]
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env={**os.environ, "PYTHONPATH": path}, **pipes) as process:
        yield process


@pytest.fixture
def interpreter(parent: subprocess.Popen) -> list[str]:
    """What runs scripts."""
    assert parent.stdout is not None
    return shlex.split(parent.stdout.readline())


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(text))
        return str(path)

    return write


def _run(command: list[str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def _started(command: list[str]) -> subprocess.Popen:
    """A job that has printed a line."""
    job = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert job.stdout is not None
    assert job.stdout.readline() == "there\n"
    return job


def _ended(process: int) -> bool:
    """Whether a process ends within seconds."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def _server(parent: subprocess.Popen) -> int:
    return int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()[0])


_ASLEEP = """
    import os, signal, sys, time
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    open(sys.argv[1], "w").write(str(os.getpid()))
    print("there", flush=True)
    time.sleep(float(sys.argv[2]))
    open(sys.argv[1], "a").write(" slept")
"""


def test_a_script_sees_what_an_interpreter_of_its_own_would_show_it(interpreter, script, tmp_path):
    told = script(
        """
        import os, signal, sys
        print(__name__, sys.argv[1:], os.getcwd(), os.environ["COLOUR"], "OTHER" in os.environ)
        print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, sys.path[0], sys.stdin.read())
        print("wrong", file=sys.stderr)
        sys.exit(3)
        """
    )
    ways = [
        _run([*program, told, "a", "b c"], cwd=tmp_path, env={"COLOUR": "red"}, input="text")
        for program in ([sys.executable], interpreter)
    ]
    assert (ways[0].returncode, ways[0].stdout, ways[0].stderr) == (3, ways[1].stdout, "wrong\n")
    assert (ways[1].returncode, ways[1].stderr) == (3, "wrong\n")
    assert "red False\nTrue" in ways[1].stdout


def test_libraries_are_imported_once_for_all_scripts(interpreter, script, tmp_path):
    (tmp_path / "a_library.py").write_text("import os\nimporter = os.getpid()\n")
    told = script("import os, a_library; print(a_library.importer, os.getpid())")
    (first, one), (second, other) = (_run([*interpreter, told]).stdout.split() for _ in range(2))
    assert first == second
    assert len({first, one, other}) == 3


def test_what_compiled_code_needs_once_is_done_once_for_all_scripts(interpreter, script):
    told = script("from robustag.compiling import _nothing; print(len(_nothing.signatures))")
    assert _run([sys.executable, told]).stdout == "0\n"
    assert _run([*interpreter, told]).stdout == "1\n"


def test_a_library_that_is_not_there_is_missed_by_the_script_alone(interpreter, script):
    assert "No module named 'no_library'" in _run([*interpreter, script("import no_library")]).stderr
    assert "SyntaxError" in _run([*interpreter, script("import (")]).stderr
    assert _run([*interpreter, script("print(1)")]).stdout == "1\n"


def test_what_functions_import_is_left_to_them(interpreter, script):
    told = script("import sys; print('colorsys' in sys.modules)\nif True:\n    import colorsys")
    assert _run([*interpreter, told]).stdout == "True\n"
    later = script(
        """
        import sys
        print("colorsys" in sys.modules, "wave" in sys.modules)
        def draw():
            import wave
        """
    )
    assert _run([*interpreter, later]).stdout == "True False\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_script(interpreter, script, number):
    told = script(
        f"""
        import signal, sys, time
        signal.signal({int(number)}, lambda *_: sys.exit(7))
        print("there", flush=True)
        time.sleep(60)
        """
    )
    job = _started([*interpreter, told])
    job.send_signal(number)
    assert job.wait(timeout=30) == 7
    job.communicate()


def test_a_script_that_a_signal_ends_ends_the_interpreter_alike(interpreter, script):
    told = script("import os; os.kill(os.getpid(), 9)")
    assert _run([*interpreter, told]).returncode == -9
    untouched = script("import time; print('there', flush=True); time.sleep(60)")
    job = _started([*interpreter, untouched])
    job.terminate()
    assert job.wait(timeout=30) == -signal.SIGTERM
    job.communicate()


def test_what_a_script_registers_for_its_end_happens(interpreter, script):
    told = script("import atexit; atexit.register(print, 'at the end'); print(1); raise SystemExit('so')")
    ended = _run([*interpreter, told])
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "1\nat the end\n", "so\n")


def test_an_error_is_shown_with_its_line(interpreter, script):
    failed = _run([*interpreter, script("import json\nraise ValueError('so wrong')")])
    assert failed.returncode == 1
    assert "raise ValueError('so wrong')" in failed.stderr
    assert failed.stderr.endswith("ValueError: so wrong\n")


def test_a_killed_interpreter_takes_its_script_along(interpreter, script, tmp_path):
    note = tmp_path / "note"
    job = _started([*interpreter, script(_ASLEEP), str(note), "60"])
    job.kill()
    job.communicate()
    assert _ended(int(note.read_text()))
    assert _run([*interpreter, script("print(1)")]).stdout == "1\n"


def test_jobs_outlive_the_run_and_the_server_does_not(parent, interpreter, script, tmp_path):
    note, server = tmp_path / "note", _server(parent)
    job = _started([*interpreter, script(_ASLEEP), str(note), "1"])
    parent.kill()
    assert job.wait(timeout=30) == 0
    job.communicate()
    assert note.read_text().endswith("slept")
    assert _ended(server)


def test_a_job_without_a_server_has_an_interpreter_of_its_own(parent, interpreter, script):
    os.kill(_server(parent), signal.SIGKILL)
    assert _ended(_server(parent))
    told = script("import sys; print(sys.argv[1:], sys.flags.isolated, sys.flags.no_site)")
    assert _run([*interpreter, told, "x"]).stdout == "['x'] 0 0\n"


def test_a_killed_server_takes_its_jobs_along_and_says_so(parent, interpreter, script, tmp_path):
    note = tmp_path / "note"
    job = _started([*interpreter, script(_ASLEEP), str(note), "60"])
    os.kill(_server(parent), signal.SIGKILL)
    _, errors = job.communicate(timeout=30)
    assert job.returncode == 1
    assert errors == "robustag: the process that jobs are forked from is gone: run again\n"
    assert _ended(int(note.read_text()))


def test_a_job_whose_server_goes_at_once_is_not_run_again(parent, interpreter, script, tmp_path):
    told = script(
        """
        import os, signal, sys, time
        open(sys.argv[1], "a").write("ran ")
        os.kill(int(sys.argv[2]), signal.SIGKILL)
        time.sleep(60)
        """
    )
    note = tmp_path / "note"
    assert _run([*interpreter, told, str(note), str(_server(parent))]).returncode == 1
    assert note.read_text() == "ran "


def test_options_of_python_itself_are_left_to_python(interpreter):
    assert _run([*interpreter, "-c", "print(2)"]).stdout == "2\n"


def test_many_jobs_at_a_time_each_have_their_own_end(interpreter, script):
    told = script(
        """
        import sys, time
        time.sleep(float(sys.argv[2]))
        print(sys.argv[1])
        sys.exit(int(sys.argv[1]))
        """
    )
    commands = [[*interpreter, told, str(n), str((n * 7 % 10) / 20)] for n in range(20)]
    jobs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    assert [job.communicate(timeout=60)[0] for job in jobs] == [f"{n}\n" for n in range(20)]
    assert [job.returncode for job in jobs] == list(range(20))


def test_imports_are_those_outside_of_functions(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import a, b.c\nfrom d import e, f\nwith open(x):\n    from g import h\n"
        "def late():\n    import i\nclass K:\n    import j\nfrom . import k\n"
    )
    assert list(imports(script)) == [("a", None), ("b.c", None), ("d", "e"), ("d", "f"), ("g", "h")]

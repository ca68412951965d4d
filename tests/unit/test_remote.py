"""Files on a server are read as those on a disk, and a server that does not answer is one line."""

import io
import os
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
from tests.servers import serving

from robustag.errors import InputError
from robustag.readers import read_jets
from robustag.readers.generated import count
from robustag.remote import State, open_binary, state_of


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path) as (address, asked):
        yield tmp_path, address, asked


def test_size_and_version_are_told_without_reading(served):
    folder, address, asked = served
    (folder / "a.txt").write_text("abc")
    first = state_of(f"{address}/a.txt")
    assert first == State(3, first.version)
    assert asked == ["HEAD a.txt"]
    assert state_of(f"{address}/a.txt") == first
    (folder / "a.txt").write_text("xyz")
    assert state_of(f"{address}/a.txt") != first


def test_bytes_are_those_of_the_file(served):
    folder, address, _ = served
    content = np.random.default_rng(1).bytes(300_000)
    (folder / "a.bin").write_bytes(content)
    for path in (folder / "a.bin", f"{address}/a.bin"):
        with open_binary(path) as file:
            assert file.read(10) == content[:10]
            file.seek(200_000)
            assert file.read() == content[200_000:]


def test_jets_of_a_server_are_those_of_the_file(served, simulated, table):
    folder, address, _ = served
    shutil.copy(simulated, folder / "jets.root")
    url = f"{address}/jets.root"
    assert count(url) == count(simulated)
    for entries in (None, (10, 30)):
        here, there = (read_jets("generated", path, table, entries) for path in (simulated, url))
        assert len(here) > 20
        for name in here.columns():
            np.testing.assert_array_equal(getattr(here, name), getattr(there, name), err_msg=name)


def test_who_does_not_answer_is_named_in_one_line(served):
    _, address, _ = served
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}/a.root"
        for url, reason in (
            (f"{address}/none.root", r"none\.root cannot be reached \(404 Not Found\): mend the address"),
            (closed, r"a\.root cannot be reached \(.*refused\)"),
            ("http://no.such.host.invalid/a.root", r"a\.root cannot be reached"),
            ("ftp://127.0.0.1/a.root", "nothing here reads ftp://: use http, https, root, or a path"),
        ):
            for use in (state_of, count, lambda url: open_binary(url).__enter__()):
                with pytest.raises(InputError, match=reason) as fault:
                    use(url)
                assert "\n" not in str(fault.value)


def test_a_damaged_file_of_a_server_is_one_line(served, simulated, table):
    folder, address, _ = served
    content = simulated.read_bytes()
    (folder / "jets.root").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"jets\.root (is damaged|has no readable tree)") as fault:
        read_jets("generated", f"{address}/jets.root", table)
    assert "\n" not in str(fault.value)


def test_a_server_whose_certificate_is_known_is_believed_and_no_other(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    certificate = tmp_path / "own.pem"
    public = tmp_path / "public.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=here"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out", public]
    subprocess.run([*made.split(), *files], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + public.read_text())
    (tmp_path / "a.txt").write_text("abc")
    with serving(tmp_path, certificate) as (address, _):
        assert address.startswith("https://")
        with pytest.raises(InputError, match=r"a\.txt cannot be reached \(.*certificate verify failed"):
            state_of(f"{address}/a.txt")
        # Certificates that are trusted are read when Python starts to use any.
        code = "import sys, robustag.remote as r\nwith r.open_binary(sys.argv[1]) as f: print(f.read())"
        run = subprocess.run(
            [sys.executable, "-c", code, f"{address}/a.txt"],
            env=os.environ | {"SSL_CERT_FILE": str(public)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.stdout == "b'abc'\n", run.stderr


def test_an_address_of_xrootd_needs_its_extra(monkeypatch):
    import fsspec.core

    def missing(url):
        raise ImportError("Please install `xrootd`")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(InputError, match=r"root://host//a\.root: .*pip install 'robustag\[xrootd\]'"):
        state_of("root://host//a.root")


def test_a_file_of_xrootd_is_known_by_its_size_and_time_of_change(monkeypatch):
    """As its plugin of fsspec tells them."""
    import fsspec.core

    class Files:
        def info(self, path):
            return {"name": path, "size": 7, "type": "file", "mtime": 1700000000}

        def open(self, path, mode):
            return io.BytesIO(path.encode())

    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda url: (Files(), url.partition("host/")[2]))
    assert state_of("root://host//a.root") == State(7, "1700000000")
    with open_binary("root://host//a.root") as file:
        assert file.read() == b"/a.root"

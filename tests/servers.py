"""A server of files on this machine, which gives ranges of them as those of experiments do."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@contextmanager
def serving(folder: Path, certificate: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """Its address, and a growing list of what it was asked for.

    With a certificate, and its key in the same file, it speaks https.
    """
    asked: list[str] = []

    class Files(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            path = folder / self.path.lstrip("/")
            asked.append(f"{self.command} {path.name}")
            if not path.is_file():
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            content, (first, last) = path.read_bytes(), (0, None)
            if wanted := self.headers.get("Range"):
                first, last = (int(end) if end else None for end in wanted.removeprefix("bytes=").split("-"))
            part = content[first : None if last is None else last + 1]
            self.send_response(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
            if wanted:
                self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(part)))
            self.send_header("ETag", f'"{path.stat().st_mtime_ns:x}"')
            self.end_headers()
            if with_body:
                self.wfile.write(part)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

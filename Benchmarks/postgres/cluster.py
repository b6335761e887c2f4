"""PostgreSQL clusters for measurements and kills: made, started, killed and removed by the script."""
import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

NOBODY = 65534


class Cluster:
    """A server on a socket in a folder of its own. PostgreSQL refuses to be root: it runs as nobody then."""

    def __init__(self, programs, folder, settings=()):
        self.programs = pathlib.Path(programs)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.data = self.folder / "data"
        self.settings = list(settings)
        self.process = None
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)

    def run(self, program, *arguments):
        subprocess.run(self.command(program, *arguments), check=True, cwd="/",
                       stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def command(self, program, *arguments):
        command = [str(self.programs / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"] + command
        return command

    def create(self):
        self.run("initdb", "-D", self.data, "-U", "vdb", "--auth", "trust", "-E", "UTF8",
                 "--locale", "C", "--no-sync")
        return self

    def start(self):
        settings = [part for setting in self.settings for part in ("-c", setting)]
        deadline = time.monotonic() + 60
        while True:
            log = open(self.folder / "log", "ab")
            self.process = subprocess.Popen(
                self.command("postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses=",
                             *settings),
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            while self.process.poll() is None:
                try:
                    self.sql("SELECT 1", database="postgres")
                    return self
                except subprocess.CalledProcessError:
                    time.sleep(0.02)
                if time.monotonic() > deadline:
                    raise SystemExit(f"{self.folder}: the server does not start; see its log")
            # Processes of the server that was killed may still be ending.
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.folder}: the server does not start; see its log")
            time.sleep(0.05)

    def kill(self):
        """As a crash: no process of the server can end what it does."""
        children = [int(pid) for pid in self.children(self.process.pid)]
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass

    @staticmethod
    def children(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return []

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, statement, database="corpus"):
        """The rows, as lists of texts."""
        answer = subprocess.run(
            [str(self.programs / "psql"), "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h",
             str(self.folder), "-U", "vdb", "-d", database, "-c", statement],
            check=True, capture_output=True, text=True)
        return [line.split("\t") for line in answer.stdout.splitlines() if line]

    def uri(self, database="corpus"):
        return f"postgres://vdb@/{database}?host={self.folder}"


def kill_parser(description, documents):
    """The options that scripts which kill have in common; `documents` is the usual size of the corpus."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--vdb", default=".build/debug/vdb", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--postgres", required=True, help="the folder of PostgreSQL's programs")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=documents)
    return parser


@contextlib.contextmanager
def corpus_to_kill(programs):
    """A server with an empty database `corpus`, and a folder, which stays for a look if the block fails."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vdb-kills-"))
    folder.chmod(0o755)
    cluster = Cluster(programs, folder / "server").create().start()
    try:
        cluster.sql("CREATE DATABASE corpus", database="postgres")
        yield cluster, folder
        cluster.stop()
        shutil.rmtree(folder)
    except BaseException:
        print(f"left for a look: {folder}", flush=True)
        cluster.process.kill()
        raise


def processor_seconds(pid):
    """Of a process that is running or has just ended, and has not been waited for."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

#!/usr/bin/env python3
"""Kills workers of a job, and the server, at random moments, and looks for lost and doubled documents.

    kills.py --vdb .build/debug/vdb --postgres BIN --kills 1000 --seed 1

Some workers ingest one corpus as one job after another, each into a new collection. At random moments a
worker, the server, or both are killed by SIGKILL, and started again. Then:

- all documents that workers have acknowledged, in sum, are present. A worker acknowledges after a commit
  that moves its unit, so nobody acknowledges a document again;
- at the end of a job every document is there once, with its text, and the store's check finds nothing.

A killed worker's lease is ended by hand, as if its time had passed.
"""
import json
import random
import subprocess
import time

from cluster import corpus_to_kill, kill_parser


class Worker:
    def __init__(self, command, folder, number):
        self.path = folder / f"worker-{number}.jsonl"
        self.output = open(self.path, "wb")
        self.errors = open(folder / f"worker-{number}.log", "wb")
        self.process = subprocess.Popen(
            command, stdout=self.output, stderr=self.errors, stdin=subprocess.DEVNULL)

    @property
    def acknowledged(self):
        """The last number in a complete line of its output."""
        lines = self.path.read_bytes().split(b"\n")[:-1]
        return json.loads(lines[-1])["acknowledged"] if lines else 0

    def kill(self):
        self.process.kill()
        self.process.wait()
        return self.acknowledged


class Run:
    def __init__(self, options, cluster, folder):
        self.options = options
        self.cluster = cluster
        self.folder = folder
        self.random = random.Random(options.seed)
        self.corpus = folder / "corpus"
        self.texts = self.make_corpus()
        self.kills = {"worker": 0, "server": 0, "both": 0}
        self.acknowledged = self.present = self.twice = self.jobs = self.started = 0
        self.restarts = {}

    def make_corpus(self):
        self.corpus.mkdir()
        texts = {}
        words = [f"word{number}" for number in range(500)]
        count = self.options.documents
        for file in range(4):
            with open(self.corpus / f"part{file}.jsonl", "w") as output:
                for number in range(file * count // 4, (file + 1) * count // 4):
                    text = " ".join(self.random.choices(words, k=self.random.randint(3, 60)))
                    texts[f"d{number}"] = text
                    output.write(json.dumps({"_id": f"d{number}", "text": text}) + "\n")
        return texts

    def start(self):
        self.started += 1
        command = [
            self.options.vdb, "ingest", str(self.corpus), "--db", self.cluster.uri(), "--collection",
            self.name, "--job", self.name, "--unit-size", "32KiB", "--batch-size", "64", "--threads", "1",
            "--places", str(self.options.places), "--acknowledge"]
        return Worker(command, self.folder, self.started)

    def count(self):
        """Documents of the job's collection that are committed."""
        found = self.cluster.sql(f"SELECT id FROM vdb.collection WHERE name = '{self.name}'")
        if not found:
            return 0
        return int(self.cluster.sql(f"SELECT count(*) FROM vdb.document_{found[0][0]}")[0][0])

    def schema_exists(self):
        return self.cluster.sql("SELECT to_regclass('vdb.work') IS NOT NULL")[0][0] == "t"

    def kill(self, workers):
        time.sleep(self.random.uniform(0.02, self.options.pause))
        kind = self.random.choices(list(self.kills), weights=[6, 2, 2])[0]
        if not workers and kind != "server":
            return
        self.kills[kind] += 1
        victim = self.random.randrange(len(workers)) if workers else 0
        order = ["worker", "server"]
        self.random.shuffle(order)
        for what in order:
            if what == "worker" and kind != "server":
                self.settled += workers.pop(victim).kill()
            if what == "server" and kind != "worker":
                self.cluster.kill()
                self.cluster.start()
        if self.schema_exists():
            # The dead worker's lease would end by itself. Living workers' units are taken from them, too,
            # which fences them.
            self.cluster.sql("UPDATE vdb.work SET lease_until = now() - interval '1 s' WHERE state = 'taken'")
        self.compare(workers)

    def compare(self, workers):
        acknowledged = self.settled + sum(worker.acknowledged for worker in workers)
        present = self.count() if self.schema_exists() else 0
        if acknowledged > present:
            raise SystemExit(
                f"LOST: {acknowledged} documents were acknowledged, {present} are present ({self.name})")

    def job(self):
        """One job, to its end."""
        self.jobs += 1
        self.name = f"job{self.jobs}"
        self.settled = 0
        workers = []
        while True:
            for worker in [worker for worker in workers if worker.process.poll() is not None]:
                workers.remove(worker)
                self.settled += worker.acknowledged
                status = worker.process.returncode
                self.restarts[status] = self.restarts.get(status, 0) + 1
                if status == 0:
                    for other in workers:
                        other.process.wait()
                        self.settled += other.acknowledged
                    return self.verify()
                if status not in (69, 75):
                    raise SystemExit(f"a worker ended with {status}; see {worker.errors.name}")
            while len(workers) < self.options.workers:
                workers.append(self.start())
            if sum(self.kills.values()) < self.options.kills:
                self.kill(workers)
            else:
                time.sleep(0.05)

    def verify(self):
        collection = self.cluster.sql(f"SELECT id FROM vdb.collection WHERE name = '{self.name}'")[0][0]
        rows = self.cluster.sql(f"SELECT id FROM vdb.document_{collection}")
        ids = [row[0] for row in rows]
        exported = subprocess.run(
            [self.options.vdb, "export", "--db", self.cluster.uri(), "--collection", self.name],
            check=True, capture_output=True, text=True).stdout.splitlines()
        stored = {}
        for line in exported:
            document = json.loads(line)
            if "_id" in document:
                stored[document["_id"]] = document["text"]
        twice = len(ids) - len(set(ids))
        missing = set(self.texts) - set(ids)
        wrong = [name for name, text in self.texts.items() if stored.get(name) != text]
        units = dict(self.cluster.sql(
            "SELECT state, count(*) FROM vdb.work AS w JOIN vdb.job AS j ON j.id = w.job "
            f"WHERE j.name = '{self.name}' GROUP BY state"))
        settled = int(self.cluster.sql(
            "SELECT sum(documents) FROM vdb.work AS w JOIN vdb.job AS j ON j.id = w.job "
            f"WHERE j.name = '{self.name}'")[0][0])
        check = subprocess.run(
            [self.options.vdb, "check", "--db", self.cluster.uri()], capture_output=True, text=True)
        self.acknowledged += self.settled
        self.present += len(ids)
        self.twice += twice
        if missing or twice or wrong or list(units) != ["done"] or settled != len(self.texts):
            raise SystemExit(
                f"{self.name}: {len(missing)} missing, {twice} twice, {len(wrong)} wrong, units {units}, "
                f"{settled} settled")
        if check.returncode:
            raise SystemExit(f"{self.name}: check: {check.stdout}{check.stderr}")
        print(f"{self.name}: {len(ids)} documents, all once; kills so far {self.kills}", flush=True)


def main():
    parser = kill_parser(__doc__, documents=6000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--places", type=int, default=2)
    parser.add_argument("--pause", type=float, default=1.5, help="the longest time between kills, in seconds")
    options = parser.parse_args()
    with corpus_to_kill(options.postgres) as (cluster, folder):
        run = Run(options, cluster, folder)
        try:
            while sum(run.kills.values()) < options.kills:
                run.job()
        except BaseException:
            for worker in list(folder.glob("worker-*.log"))[-3:]:
                print(worker.name, worker.read_text()[-500:])
            raise
        print(json.dumps({
            "seed": options.seed, "kills": sum(run.kills.values()), **run.kills, "jobs": run.jobs,
            "workers_started": run.started, "statuses": run.restarts, "acknowledged": run.acknowledged,
            "present": run.present, "twice": run.twice}))


if __name__ == "__main__":
    main()

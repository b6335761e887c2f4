#!/usr/bin/env python3
"""Kills every command that writes, the server, or both, at random moments, and looks at what is left.

    command_kills.py --vdb .build/release/vdb --postgres BIN --kills 300 --seed 1

What a collection should hold is known at every moment. A command is started, and at a random moment of the
time that it takes, it, the server, or both are killed by SIGKILL; the server is started again. Then:

- every document is as it was before the command or as the command makes it, and none is there twice;
- what `ingest --acknowledge` has acknowledged is there;
- a collection that is made, copied, renamed or dropped as a whole is there as a whole or not at all;
- the store's check finds nothing;
- a command whose server was killed ends with 0, 69 or 75, and with 0 only if all is done;
- the same command, repeated, ends with 0, and all is done.
"""
import json
import random
import subprocess
import time

from cluster import corpus_to_kill, kill_parser

WORDS = [f"word{number}" for number in range(500)]


class Step:
    """One command, what is there before it, and what after it: a dictionary of collections, each a
    dictionary of documents by id."""

    def __init__(self, kind, arguments, after, lines=None, repeated=None):
        self.kind = kind
        self.arguments = arguments
        self.after = after
        # The ids of the input, in its order.
        self.lines = lines
        # Whether the command is refused once it is done, with which status.
        self.refused = repeated


class Run:
    def __init__(self, options, cluster, folder):
        self.options = options
        self.cluster = cluster
        self.folder = folder
        self.random = random.Random(options.seed)
        self.now = {}
        self.seconds = {}
        self.kills = {}
        self.statuses = {}
        self.number = 0

    # Documents

    def text(self):
        return " ".join(self.random.choices(WORDS, k=self.random.randint(2, 12)))

    def write_corpus(self, documents):
        path = self.folder / "corpus.jsonl"
        with open(path, "w") as output:
            for name, (text, metadata) in documents.items():
                output.write(json.dumps({"_id": name, "text": text, "metadata": metadata}) + "\n")
        return str(path)

    # Commands

    def ingest(self):
        """New documents and changed ones, among some that do not change."""
        before = self.now.get("main", {})
        numbers = self.random.sample(range(self.options.documents), self.options.documents // 3)
        documents = {
            f"d{n}": (self.text(), {"n": n % 100}) if n % 5 else before.get(f"d{n}", (self.text(), {"n": n % 100}))
            for n in numbers}
        return Step(
            "ingest",
            ["ingest", self.write_corpus(documents), "--collection", "main", "--places", "2", "--batch-size",
             "32", "--threads", "1", "--acknowledge"],
            {**self.now, "main": {**before, **documents}}, lines=list(documents))

    def delete(self):
        limit = self.random.randint(1, 20)
        left = {name: document for name, document in self.now["main"].items() if document[1]["n"] >= limit}
        return Step(
            "delete", ["delete", "--collection", "main", "--where", f"n < {limit}"],
            {**self.now, "main": left}, repeated=66 if len(left) == len(self.now["main"]) else None)

    def update(self):
        limit = self.random.randint(1, 99)
        changed = {
            name: (text, {**metadata, "round": self.number} if metadata["n"] >= limit else metadata)
            for name, (text, metadata) in self.now["main"].items()}
        return Step(
            "update",
            ["update", "--collection", "main", "--where", f"n >= {limit}", "--set", f"round={self.number}"],
            {**self.now, "main": changed})

    def reindex(self):
        return Step(
            "reindex",
            ["reindex", "--collection", "main", "--model", "built-in", "--instruction",
             f"self=round {self.number}", "--threads", "1"], self.now)

    def graph(self):
        return Step(
            "reindex --m",
            ["reindex", "--collection", "main", "--m", str(self.random.choice([8, 16, 24]))], self.now)

    def copy(self):
        """To another schema, which is emptied before."""
        return Step("copy --to", ["copy", "--collection", "main", "--to", self.uri("other"), "--places", "3"],
                    self.now)

    def imported(self):
        exported = self.vdb("export", "--collection", "main", "--vectors", check=True).stdout
        path = self.folder / "export.jsonl"
        path.write_text(exported)
        return Step(
            "import",
            ["ingest", str(path), "--collection", "imported", "--batch-size", "64", "--threads", "1",
             "--acknowledge"],
            {**self.now, "imported": dict(self.now["main"])},
            lines=[json.loads(line).get("_id") for line in exported.splitlines()[1:]])

    def copy_collection(self):
        return Step("collections copy", ["collections", "copy", "main", "twin"],
                    {**self.now, "twin": self.now["main"]}, repeated=65)

    def rename(self):
        after = {("new" if name == "twin" else name): content for name, content in self.now.items()}
        return Step("collections rename", ["collections", "rename", "twin", "new"], after, repeated=66)

    def drop(self):
        name = self.random.choice([name for name in self.now if name != "main"])
        return Step(
            "collections drop", ["collections", "drop", name, "--yes"],
            {other: content for other, content in self.now.items() if other != name}, repeated=66)

    def next(self):
        self.number += 1
        if len(self.now.get("main", {})) < self.options.documents // 4:
            return self.ingest()
        choices = [self.ingest, self.ingest, self.delete, self.update, self.reindex, self.graph, self.copy]
        if "twin" not in self.now and "new" not in self.now:
            choices.append(self.copy_collection)
        if "twin" in self.now and "new" not in self.now:
            choices.append(self.rename)
        if "imported" not in self.now:
            choices.append(self.imported)
        if len(self.now) > 1:
            choices.append(self.drop)
        return self.random.choice(choices)()

    # Running

    def uri(self, schema=None):
        return self.cluster.uri() + (f"&schema={schema}" if schema else "")

    def command(self, arguments, schema=None):
        return [self.options.vdb, *arguments, "--db", self.uri(schema), "--quiet"]

    def vdb(self, *arguments, check=False, schema=None):
        return subprocess.run(
            [self.options.vdb, *arguments, "--db", self.uri(schema)], check=check, capture_output=True,
            text=True, stdin=subprocess.DEVNULL)

    def start(self, step):
        self.output = self.folder / "output"
        self.errors = self.folder / "errors"
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            return subprocess.Popen(
                self.command(step.arguments), stdout=output, stderr=errors, stdin=subprocess.DEVNULL)

    def acknowledged(self):
        lines = self.output.read_bytes().split(b"\n")[:-1]
        return json.loads(lines[-1])["acknowledged"] if lines else 0

    def content(self, schema=None):
        """The documents of all collections."""
        found = self.vdb("collections", "--format", "json", schema=schema)
        if found.returncode == 66:
            return {}
        if found.returncode:
            self.fail(f"collections: {found.stderr}")
        content = {}
        for line in found.stdout.splitlines():
            name = json.loads(line)["collection"]
            exported = self.vdb("export", "--collection", name, check=True, schema=schema).stdout
            documents = {}
            for line in exported.splitlines()[1:]:
                document = json.loads(line)
                if document["_id"] in documents:
                    self.fail(f"{name}: {document['_id']} is there twice")
                documents[document["_id"]] = (document["text"], document.get("metadata", {}))
            content[name] = documents
        return content

    def fail(self, message):
        raise SystemExit(f"FAILED: step {self.number}, {self.step.kind}: {message}")

    def verify_between(self, step):
        found = self.content()
        for name in {*self.now, *step.after, *found}:
            before, after = self.now.get(name), step.after.get(name)
            here = found.get(name)
            if here == before or here == after:
                continue
            if here is None:
                self.fail(f"the collection {name} is gone")
            if before is None and step.lines is None:
                self.fail(f"the collection {name} is there in part")
            before, after = before or {}, after or {}
            for document in {*before, *after, *here}:
                if here.get(document) not in (before.get(document), after.get(document)):
                    self.fail(f"{name}: {document} is neither as before nor as after")
        if step.lines is not None:
            name = step.arguments[step.arguments.index("--collection") + 1]
            for document in step.lines[:self.acknowledged()]:
                if found.get(name, {}).get(document) != step.after[name][document]:
                    self.fail(f"LOST: {document} was acknowledged")
        self.verify_check()

    def verify_check(self, schema=None):
        check = self.vdb("check", schema=schema)
        if check.returncode not in (0, 66):
            self.fail(f"check: {check.stdout}{check.stderr}")

    def verify_after(self, step):
        if self.content() != step.after:
            self.fail("it has ended, and not all is done")
        self.verify_check()
        if step.kind == "copy --to":
            if self.content("other") != {"main": step.after["main"]}:
                self.fail("the copy is not what was copied")
            self.verify_check("other")

    def one(self):
        self.step = step = self.next()
        if step.kind == "copy --to":
            self.cluster.sql("DROP SCHEMA IF EXISTS other CASCADE")
        began = time.monotonic()
        process = self.start(step)
        if step.kind in self.seconds:
            wait = self.random.uniform(0, 1.05 * self.seconds[step.kind])
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                if self.kill(step, process):
                    began = None
        status = process.wait()
        if began is not None:
            self.seconds[step.kind] = time.monotonic() - began
        for attempt in range(20):
            if status == 0:
                break
            if status not in (-9, 69, 75) and not (attempt and status == step.refused):
                self.fail(f"status {status}: {self.errors.read_text()[-500:]}")
            self.verify_between(step)
            if status == step.refused:
                break
            status = self.start(step).wait()
        self.verify_after(step)
        self.now = step.after

    def kill(self, step, process):
        kind = self.random.choices(["worker", "server", "both"], weights=[4, 4, 2])[0]
        counts = self.kills.setdefault(step.kind, {"worker": 0, "server": 0, "both": 0})
        order = ["worker", "server"]
        self.random.shuffle(order)
        for what in order:
            if what == "worker" and kind != "server":
                process.kill()
                process.wait()
            if what == "server" and kind != "worker":
                self.cluster.kill()
                time.sleep(self.random.choice([0, 0.2]))
                self.cluster.start()
        counts[kind] += 1
        if kind == "server":
            status = process.wait()
            self.statuses[status] = self.statuses.get(status, 0) + 1
        return True

    @property
    def count(self):
        return sum(sum(counts.values()) for counts in self.kills.values())


def main():
    options = kill_parser(__doc__, documents=800).parse_args()
    print(f"seed {options.seed}", flush=True)
    with corpus_to_kill(options.postgres) as (cluster, folder):
        run = Run(options, cluster, folder)
        while run.count < options.kills:
            run.one()
            if run.number % 20 == 0:
                print(f"{run.number} commands, {run.count} kills", flush=True)
        print(json.dumps({
            "seed": options.seed, "kills": run.count, "commands": run.number, "by_command": run.kills,
            "statuses_without_server": run.statuses}))


if __name__ == "__main__":
    main()

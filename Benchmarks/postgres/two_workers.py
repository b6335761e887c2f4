#!/usr/bin/env python3
"""Ingests a corpus by one worker and by two of one job, encoding included, and compares their times.

    two_workers.py --vdb .build/release/vdb --postgres BIN [--model DIR] [--documents 20000] [--rounds 3]

Each worker has one thread. Wall-clock time is of use only on a machine with two free cores; the busiest
worker's processor time against one worker's alone says what two free cores would gain.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

from cluster import Cluster


def ingest(options, cluster, corpus, name, workers):
    command = [
        options.vdb, "ingest", str(corpus), "--db", cluster.uri(), "--collection", name, "--job", name,
        "--unit-size", options.unit_size, "--threads", "1", "--summary", "json", "--quiet"]
    if options.model:
        command += ["--model", options.model]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    start = time.monotonic()
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        for _ in range(workers)]
    usage, documents = [], []
    for process in processes:
        summary = json.loads(process.stdout.read().splitlines()[-1])
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"a worker ended with {status}")
        usage.append(used.ru_utime + used.ru_stime)
        documents.append(summary["documents"])
    return {"seconds": time.monotonic() - start, "processor": usage, "documents": documents}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--vdb", default=".build/release/vdb")
    parser.add_argument("--postgres", required=True, help="the folder of PostgreSQL's programs")
    parser.add_argument("--model")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--unit-size", default="256KiB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vdb-workers-"))
    folder.chmod(0o755)
    corpus = folder / "corpus.jsonl"
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("nd", "rk", "st", "lm", "ng")]
    with open(corpus, "w") as output:
        for number in range(options.documents):
            text = " ".join(draw.choices(words, k=draw.randint(20, 120)))
            output.write(json.dumps({"_id": f"d{number}", "text": text}) + "\n")
    cluster = Cluster(options.postgres, folder / "server", ["shared_buffers=256MB"]).create().start()
    try:
        cluster.sql("CREATE DATABASE corpus", database="postgres")
        for number in range(options.rounds):
            one = ingest(options, cluster, corpus, f"one{number}", 1)
            two = ingest(options, cluster, corpus, f"two{number}", 2)
            print(json.dumps({
                "one": one, "two": two, "wall_gain": round(one["seconds"] / two["seconds"], 2),
                "processor_gain": round(one["processor"][0] / max(two["processor"]), 2),
                "processor_in_all": round(sum(two["processor"]) / one["processor"][0], 3)}), flush=True)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

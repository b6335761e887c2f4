#!/usr/bin/env python3
"""vdb's server beside Chroma's and LanceDB: the same vectors, the same k, the same recall, one run.

    python Benchmarks/server/peers.py VDB [--count 20000] [--dimensions 256]

needs numpy, chromadb, lancedb (PyPI) and wrk, which sends the queries. LanceDB has no server of its own that is
free; it answers behind lance_server.py, which adds little. Each system searches with the lowest of a few settings
that reaches the recall; the exact answer is numpy's.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

from process import Server

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = "tide moon bread yeast apple spring onion water gas dough wing air lift night star snow".split()


def vectors(rng, count, dimensions, centers):
    """Unit vectors in clusters of differing width, as embeddings of texts are."""
    which = rng.integers(len(centers), size=count)
    width = rng.uniform(0.5, 2.0, size=(count, 1))
    found = centers[which] + width * rng.standard_normal((count, dimensions)) / dimensions**0.5
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def numbers(vector):
    return [round(float(x), 6) for x in vector]


def batches(names, ids, texts, given, size=1000):
    """Bodies of requests with so many documents each: an object of three lists by these names."""
    return [json.dumps(dict(zip(names, (
        ids[s:s + size], texts[s:s + size], [numbers(v) for v in given[s:s + size]]))))
        for s in range(0, len(ids), size)]


def post(server, path, bodies):
    for body in bodies:
        status, answer = server.request("POST", path, body)
        assert status in (200, 201), answer[:300]


class VDB:
    name = "vdb"
    settings = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256]

    def __init__(self, arguments, folder, log):
        self.server = Server(
            [arguments.vdb, "serve", "--db", f"{folder}/a.vdb", "--listen", "127.0.0.1:{port}", "--quiet"],
            "/ready", log)
        self.server.ask("PUT", "/v1/collections/c", {"metric": "ip", "dimensions": arguments.dimensions})

    def ingest(self, ids, texts, given):
        lines = "".join(
            json.dumps({"id": i, "text": t, "vector": numbers(v)}, separators=(",", ":")) + "\n"
            for i, t, v in zip(ids, texts, given))

        def send():
            status, answer = self.server.request(
                "POST", "/v1/collections/c/documents", lines, {"Content-Type": "application/x-ndjson"})
            assert status == 200 and b'"inserted"' in answer.splitlines()[-1], answer[-300:]
        return send

    path = "/v1/collections/c/query"

    def body(self, vector, k, setting):
        return {"vector": numbers(vector), "k": k, "ef": setting, "mode": "dense", "content": False}

    def ids(self, answer):
        return [hit["id"] for hit in answer["hits"]]


class Chroma:
    name = "Chroma"
    # ef_search of a collection that is in memory does not change, so it is that of its creation, the default.
    settings = [100]

    def __init__(self, arguments, folder, log):
        program = os.path.join(os.path.dirname(sys.executable), "chroma")
        self.server = Server([program, "run", "--path", folder, "--port", "{port}"], "/api/v2/heartbeat", log)
        self.base = "/api/v2/tenants/default_tenant/databases/default_database/collections"
        made = self.server.ask("POST", self.base, {
            "name": "collection", "configuration": {"hnsw": {"space": "ip", "ef_search": self.settings[0]}}})
        self.path = f"{self.base}/{made['id']}/query"
        self.collection = f"{self.base}/{made['id']}"

    def ingest(self, ids, texts, given):
        bodies = batches(("ids", "documents", "embeddings"), ids, texts, given)
        return lambda: post(self.server, self.collection + "/add", bodies)

    def body(self, vector, k, setting):
        return {"query_embeddings": [numbers(vector)], "n_results": k, "include": []}

    def ids(self, answer):
        return answer["ids"][0]


class Lance:
    name = "LanceDB"
    # ef, and how many times k the vectors themselves rank again.
    settings = [(ef, refine) for refine in (1, 4) for ef in (64, 128, 256)]

    def __init__(self, arguments, folder, log):
        self.server = Server([sys.executable, f"{HERE}/lance_server.py", folder, "{port}"], "/ready", log)

    def ingest(self, ids, texts, given):
        bodies = batches(("ids", "texts", "vectors"), ids, texts, given)

        def send():
            post(self.server, "/add", bodies)
            self.server.ask("POST", "/index", {})
        return send

    path = "/query"

    def body(self, vector, k, setting):
        return {"vector": numbers(vector), "k": k, "ef": setting[0], "refine": setting[1]}

    def ids(self, answer):
        return answer["ids"]


def load(system, bodies, clients, seconds, folder):
    path = f"{folder}/bodies"
    with open(path, "w") as file:
        file.writelines(json.dumps(body, separators=(",", ":")) + "\n" for body in bodies)
    before = system.server.cpu()
    result = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", f"{HERE}/query.lua",
         f"http://127.0.0.1:{system.server.port}{system.path}"],
        env={**os.environ, "BODIES": path}, stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(result.stdout.strip().splitlines()[-1])
    figures["cpu"] = system.server.cpu() - before
    return figures


def measure(kind, arguments, ids, texts, given, queries, truth):
    folder = tempfile.mkdtemp(prefix="vdb-peers-")
    result = {"name": kind.name}
    with open(f"{folder}/log", "w") as log:
        system = kind(arguments, folder, log)
        try:
            send = system.ingest(ids, texts, given)
            began, cpu = time.perf_counter(), system.server.cpu()
            send()
            seconds = time.perf_counter() - began
            result["documents/s"] = len(ids) / seconds
            result["documents/cpu s"] = len(ids) / (system.server.cpu() - cpu)
            for setting in system.settings:
                found = [
                    system.ids(system.server.ask("POST", system.path, system.body(q, arguments.k, setting)))
                    for q in queries[:300]]
                recall = np.mean([
                    len(set(f) & set(ids[i] for i in t)) / arguments.k for f, t in zip(found, truth)])
                result["setting"], result["recall"] = setting, float(recall)
                if recall >= arguments.recall:
                    break
            bodies = [system.body(q, arguments.k, setting) for q in queries]
            load(system, bodies, 2, 2, folder)
            for clients in (1, 8, 32):
                figures = load(system, bodies, clients, arguments.seconds, folder)
                result[f"queries/s {clients}"] = figures["requests"] / figures["seconds"]
                result[f"p99 {clients}"] = figures["p99"]
                result["failed"] = result.get("failed", 0) + figures["failed"]
                result[f"queries/cpu s {clients}"] = figures["requests"] / figures["cpu"]
            result["MiB"], result["MiB without files"] = system.server.memory()
        finally:
            system.server.stop()
            shutil.rmtree(folder)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vdb")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--recall", type=float, default=0.98)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    centers = rng.standard_normal((200, arguments.dimensions))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    given = vectors(rng, arguments.count, arguments.dimensions, centers)
    queries = vectors(rng, 1000, arguments.dimensions, centers)
    truth = np.argsort(-(queries[:300] @ given.T), axis=1)[:, :arguments.k]
    ids = [f"d{n}" for n in range(arguments.count)]
    texts = [" ".join(rng.choice(WORDS, 12)) for _ in ids]
    print(f"seed {arguments.seed}: {arguments.count} x {arguments.dimensions}, k = {arguments.k}", flush=True)
    for kind in (VDB, Chroma, Lance):
        if arguments.only in kind.name:
            result = measure(kind, arguments, ids, texts, given, queries, truth)
            print(json.dumps({
                key: round(value, 3) if isinstance(value, float) else value
                for key, value in result.items()}), flush=True)


main()

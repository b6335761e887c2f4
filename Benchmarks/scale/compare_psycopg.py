"""vdb on PostgreSQL beside psycopg with plain pgvector, on the same server in one run: ingest of ready vectors with their graph,
and queries at the same recall.

usage: compare_psycopg.py VDB URI BASE.npy QUERIES.npy [--rounds 3]

URI is libpq's; the schemas vdb_compare and plain are dropped. Both build HNSW over halves with m 16 and ef_construction 200, vdb's defaults.
Each side's time is by the clock; a round has both sides of everything, one after the other. Needs psycopg and pgvector."""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy
import psycopg
from pgvector.psycopg import register_vector

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("vdb")
parser.add_argument("uri")
parser.add_argument("base")
parser.add_argument("queries")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--recall", type=float, default=.95)
parser.add_argument("-k", type=int, default=10)
parser.add_argument("--ef", type=int, nargs="+", default=[20, 40, 60, 80, 100, 150, 200])
options = parser.parse_args()

base, queries = numpy.load(options.base), numpy.load(options.queries)
rows, dimensions = base.shape
exact = numpy.argsort(-(queries @ base.T), axis=1, kind="stable")[:, : options.k]
separator = "&" if "?" in options.uri else "?"
database = f"{options.uri}{separator}schema=vdb_compare"
connection = psycopg.connect(options.uri, autocommit=True)
connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
register_vector(connection)
connection.execute("SET maintenance_work_mem = '1GB'")
folder = tempfile.mkdtemp()


def timed(body):
    start = time.perf_counter()
    result = body()
    return time.perf_counter() - start, result


def run(*arguments):
    return subprocess.run([options.vdb, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def plain_ingest():
    connection.execute("DROP SCHEMA IF EXISTS plain CASCADE")
    connection.execute("CREATE SCHEMA plain")

    def ingest():
        connection.execute(f"CREATE TABLE plain.item (id text PRIMARY KEY, value vector({dimensions}) NOT NULL)")
        with connection.cursor() as cursor:
            with cursor.copy("COPY plain.item FROM STDIN WITH (FORMAT BINARY)") as copy:
                copy.set_types(["text", "vector"])
                for row in range(rows):
                    copy.write_row([str(row), base[row]])
        connection.execute(
            f"CREATE INDEX ON plain.item USING hnsw ((value::halfvec({dimensions})) halfvec_ip_ops) "
            "WITH (m = 16, ef_construction = 200)")
        connection.execute("ANALYZE plain.item")

    return timed(ingest)[0]


def vdb_ingest():
    connection.execute("DROP SCHEMA IF EXISTS vdb_compare CASCADE")
    return timed(lambda: run("ingest", options.base, "--ids", ids, "--db", database, "--quiet",
                             "--maintenance-memory", "1GiB"))[0]


def recall(found):
    return sum(len(set(keys) & {str(key) for key in truth}) for keys, truth in zip(found, exact)) / exact.size


def plain_query(ef, count):
    statement = (f"SELECT id FROM plain.item ORDER BY (value::halfvec({dimensions})) <#> %s::halfvec({dimensions}) "
                 f"LIMIT {options.k}")

    def ask():
        found = []
        for query in queries[:count]:
            with connection.transaction():
                connection.execute(f"SET LOCAL hnsw.ef_search = {ef}")
                found.append([row[0] for row in connection.execute(statement, [query], prepare=True, binary=True)])
        return found

    return timed(ask)


def vdb_query(ef, count):
    path = f"{folder}/queries-{count}.npy"
    if not os.path.exists(path):
        numpy.save(path, queries[:count])

    def ask():
        lines = run("query", "--queries", path, "--db", database, "-k", str(options.k), "--ef", str(ef), "--mode", "dense",
                    "--format", "trec", "--threads", "1", "--quiet").splitlines()
        found = {}
        for line in lines:
            fields = line.split()
            found.setdefault(fields[0], []).append(fields[2])
        return list(found.values())

    return timed(ask)


def per_query(ask, ef):
    """Milliseconds a query, without the start of a program: of all queries, less one."""
    one, _ = ask(ef, 1)
    all_of_them, found = ask(ef, len(queries))
    return (all_of_them - one) * 1000 / (len(queries) - 1), recall(found)


def smallest_ef(ask):
    for ef in options.ef:
        found = recall(ask(ef, len(queries))[1])
        if found >= options.recall:
            return ef
    return options.ef[-1]


ids = f"{folder}/ids.txt"
with open(ids, "w") as file:
    file.writelines(f"{row}\n" for row in range(rows))
results = {"plain": {"ingest": [], "query": []}, "vdb": {"ingest": [], "query": []}}
sides = {"plain": (plain_ingest, plain_query), "vdb": (vdb_ingest, vdb_query)}
for _ in range(options.rounds):
    for name, (ingest, _) in sides.items():
        results[name]["ingest"].append(ingest())
efs = {name: smallest_ef(ask) for name, (_, ask) in sides.items()}
for _ in range(options.rounds):
    for name, (_, ask) in sides.items():
        milliseconds, found = per_query(ask, efs[name])
        results[name]["query"].append(milliseconds)
        results[name]["recall"] = round(found, 4)
for name, result in results.items():
    print(json.dumps({
        "side": name, "rows": rows, "dimensions": dimensions,
        "ingest_s": [round(seconds, 1) for seconds in result["ingest"]], "ef": efs[name], "recall": result["recall"],
        "query_ms": [round(milliseconds, 3) for milliseconds in result["query"]]}))
ratios = {key: statistics.median(results["vdb"][key]) / statistics.median(results["plain"][key]) for key in ("ingest", "query")}
print(json.dumps({"vdb to plain, median": {key: round(value, 2) for key, value in ratios.items()}}))

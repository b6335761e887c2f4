"""What one place of a collection costs in PostgreSQL: bytes, loading, building the graph, searching it.

usage: measure_places.py URI BASE.npy QUERIES.npy [--rows 10000 30000 100000]

The tables, the graph and the statement are those of schema/postgres and of PostgresStore; the figures are what simulate.py
starts from. Needs psycopg and pgvector (the Python package). One JSON object a line."""

import argparse
import json
import os
import statistics
import time

import numpy
import psycopg
from pgvector.psycopg import register_vector

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("uri")
parser.add_argument("base")
parser.add_argument("queries")
parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 30_000, 100_000])
parser.add_argument("--m", type=int, default=16)
parser.add_argument("--ef-construction", type=int, default=200)
parser.add_argument("--ef", type=int, nargs="+", default=[40, 100, 200])
parser.add_argument("--k", type=int, default=10)
options = parser.parse_args()

base = numpy.load(options.base, mmap_mode="r")
queries = numpy.load(options.queries)
dimensions = base.shape[1]
connection = psycopg.connect(options.uri, autocommit=True)
connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
register_vector(connection)

SEARCH = f"""
    SELECT passage, document, value, (value::halfvec({dimensions})) <#> %s::halfvec({dimensions}) AS a
    FROM place ORDER BY 4 LIMIT {3 * options.k}"""


def size(relation):
    return connection.execute("SELECT pg_total_relation_size(%s)", [relation]).fetchone()[0]


def timed(body):
    start = time.perf_counter()
    result = body()
    return time.perf_counter() - start, result


def load(rows):
    connection.execute("DROP TABLE IF EXISTS place")
    connection.execute(
        f"CREATE TABLE place (place integer NOT NULL, passage bigint NOT NULL, document bigint NOT NULL, "
        f"value vector({dimensions}) NOT NULL, PRIMARY KEY (place, passage))")

    def copy():
        with connection.cursor() as cursor:
            with cursor.copy("COPY place FROM STDIN WITH (FORMAT BINARY)") as writer:
                writer.set_types(["int4", "int8", "int8", "vector"])
                for row in range(rows):
                    writer.write_row([0, row, row, base[row]])

    return timed(copy)[0]


def server_ms():
    """Processor time of this connection's server process, which must be on this machine."""
    with open(f"/proc/{connection.info.backend_pid}/stat") as file:
        fields = file.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def search(ef):
    found, times = [], []
    for query in queries:
        def ask():
            with connection.transaction():
                connection.execute(f"SET LOCAL hnsw.ef_search = {ef}")
                connection.execute("SET LOCAL hnsw.iterative_scan = strict_order")
                return connection.execute(SEARCH, [query], prepare=True, binary=True).fetchall()
        seconds, rows = timed(ask)
        times.append(seconds * 1000)
        found.append([row[0] for row in rows])
    return times, found


for rows in options.rows:
    if rows > len(base):
        continue
    loading = load(rows)
    table = size("place")
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("SET max_parallel_maintenance_workers = 0")
    before = server_ms()
    connection.execute(
        f"CREATE INDEX place_graph ON place USING hnsw ((value::halfvec({dimensions})) halfvec_ip_ops) "
        f"WITH (m = {options.m}, ef_construction = {options.ef_construction})")
    building_processor = (server_ms() - before) / 1000
    connection.execute("ANALYZE place")
    exact = numpy.argsort(-(queries @ base[:rows].T), axis=1, kind="stable")[:, : options.k]
    for ef in options.ef:
        search(ef)  # Warms up.
        before = server_ms()
        times, found = search(ef)
        processor = (server_ms() - before) / len(queries)
        # The best k of the 3k found are what is re-scored and shown.
        hits = 0
        for query, truth, keys in zip(queries, exact, found):
            keys = sorted(keys, key=lambda key: -float(query @ base[key]))[: options.k]
            hits += len(set(keys) & set(truth.tolist()))
        times.sort()
        print(json.dumps({
            "rows": rows, "dimensions": dimensions, "load_rows_s": round(rows / loading),
            "build_rows_cpu_s": round(rows / building_processor), "table_bytes_row": round(table / rows),
            "graph_bytes_row": round(size("place_graph") / rows), "ef": ef,
            "recall": round(hits / exact.size, 4), "server_cpu_ms": round(processor, 3), "ms_median": round(statistics.median(times), 3),
            "ms_p99": round(times[int(len(times) * .99)], 3)}), flush=True)

"""vdb-bench lexical beside tantivy (and SQLite's FTS5): same passages, same queries, same run.

    python compare.py VDB-BENCH FOLDER [--counts 30000,300000,1000000] [--only vdb,tantivy,fts5]

FOLDER as make_sets.py makes it. Needs tantivy (PyPI). Everyone has an English stemmer, searches with one
thread for the best ten, and is asked for any of a query's words. Each query is answered four times; the
fastest of the last three counts. tantivy and FTS5 keep every word of the query; vdb leaves out those
in more than 40 % of the passages, which it always does. tantivy's figure has the query's parsing and its
ten document addresses in it, as ours has the stemming.
"""
import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time

ROUNDS = 4


def percentiles(times):
    times = sorted(times)
    pick = lambda share: times[min(len(times) - 1, int(len(times) * share))] * 1000
    return {"p50_ms": pick(0.5), "p99_ms": pick(0.99), "mean_ms": sum(times) / len(times) * 1000}


def timed(queries, search):
    best = [float("inf")] * len(queries)
    for round in range(ROUNDS):
        for number, query in enumerate(queries):
            start = time.perf_counter()
            search(query)
            if round > 0:
                best[number] = min(best[number], time.perf_counter() - start)
    return percentiles(best)


def size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path))


def words(query):
    return re.findall(r"\w+", query.lower())


def run_tantivy(texts, query_files, work):
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=False, tokenizer_name="en_stem", index_option="freq")
    builder.add_integer_field("id", stored=True)
    schema = builder.build()
    path = os.path.join(work, "tantivy")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    index = tantivy.Index(schema, path=path)
    start = time.perf_counter()
    writer = index.writer(heap_size=256 << 20, num_threads=1)
    with open(texts) as file:
        for number, line in enumerate(file):
            writer.add_document(tantivy.Document(body=[line], id=number + 1))
    writer.commit()
    writer.wait_merging_threads()
    building = time.perf_counter() - start
    index.reload()
    searcher = index.searcher()
    points = []
    for queries in query_files:
        def search(query):
            parsed = index.parse_query(" ".join(words(query)), ["body"])
            searcher.search(parsed, 10)
        points.append(timed(queries, search))
    return {
        "build_seconds": building, "bytes": size(path), "segments": searcher.num_segments,
        "points": points}


def run_fts5(texts, query_files, work):
    path = os.path.join(work, "fts5.db")
    if os.path.exists(path):
        os.remove(path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA cache_size = -65536")
    database.execute(
        "CREATE VIRTUAL TABLE t USING fts5 (x, content = '', tokenize = 'porter unicode61')")
    start = time.perf_counter()
    with open(texts) as file:
        database.executemany("INSERT INTO t (x) VALUES (?)", ((line,) for line in file))
    database.execute("INSERT INTO t (t) VALUES ('optimize')")
    database.commit()
    building = time.perf_counter() - start
    points = []
    for queries in query_files:
        queries = queries[:50]

        def search(query):
            match = " OR ".join(f'"{word}"' for word in words(query))
            database.execute(
                "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10", (match,)).fetchall()
        points.append(timed(queries, search))
    return {"build_seconds": building, "bytes": size(path), "points": points}


def run_vdb(program, texts, query_paths, work):
    index = os.path.join(work, "lexical")
    if os.path.exists(index):
        os.remove(index)
    command = [program, "lexical", "--texts", texts, "--index", index, "--format", "json"]
    for path in query_paths:
        command += ["--queries", path]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--counts", default="30000,300000,1000000")
    parser.add_argument("--only", default="vdb,tantivy,fts5")
    options = parser.parse_args()
    paths = [f"{options.folder}/queries-{length}.txt" for length in (3, 10)]
    queries = [open(path).read().splitlines() for path in paths]
    for count in options.counts.split(","):
        texts = f"{options.folder}/passages-{count}.txt"
        for name in options.only.split(","):
            if name == "vdb":
                result = run_vdb(options.program, texts, paths, options.folder)
            elif name == "tantivy":
                result = run_tantivy(texts, queries, options.folder)
            else:
                result = run_fts5(texts, queries, options.folder)
            print(json.dumps({"name": name, "passages": int(count), **result}), flush=True)


main()

"""Compares vdb-bench lexical with tantivy (and SQLite's FTS5): same passages, same queries, same run.

    python compare.py VDB-BENCH FOLDER [--counts 30000,300000,1000000] [--only vdb,tantivy,fts5]
        [--reuse] [--fresh 50]

FOLDER is made by make_sets.py. Needs tantivy (PyPI). Every engine has an English stemmer and searches with
one thread for the best ten passages with any of the query's words. Each query is answered four times; the
fastest of the last three counts (FTS5: 30 queries, twice). tantivy and FTS5 keep every word of
the query; vdb leaves out those in more than 40 % of the passages, which it always does: tantivy's
"points_without_common" leave out the same. tantivy's time includes parsing the query and reading ten
document addresses; vdb's includes stemming.

--reuse searches the indexes that an earlier run built. --fresh N also answers N queries of each file in a
new process each: the time vdb needs to open the index and give its first answer.
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


def timed(queries, search, rounds=ROUNDS):
    best = [float("inf")] * len(queries)
    for round in range(rounds):
        for number, query in enumerate(queries):
            start = time.perf_counter()
            search(query)
            if round > 0 or rounds == 1:
                best[number] = min(best[number], time.perf_counter() - start)
    return percentiles(best)


def size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path))


def words(query):
    return re.findall(r"\w+", query.lower())


def run_tantivy(texts, query_files, reuse):
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=False, tokenizer_name="en_stem", index_option="freq")
    builder.add_integer_field("id", stored=True)
    schema = builder.build()
    path = f"{texts}.tantivy"
    reuse = reuse and os.path.exists(path)
    if not reuse:
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
    index = tantivy.Index(schema, path=path, reuse=reuse)
    start = time.perf_counter()
    if not reuse:
        writer = index.writer(heap_size=256 << 20, num_threads=1)
        with open(texts) as file:
            for number, line in enumerate(file):
                writer.add_document(tantivy.Document(body=[line], id=number + 1))
        writer.commit()
        writer.wait_merging_threads()
    building = None if reuse else time.perf_counter() - start
    index.reload()
    searcher = index.searcher()
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(
        tantivy.Filter.lowercase()).filter(tantivy.Filter.stemmer("English")).build()

    def search(query):
        parsed = index.parse_query(" ".join(words(query)), ["body"])
        searcher.search(parsed, 10)

    def rare(query):
        share = lambda word: max(
            [searcher.doc_freq("body", stem) for stem in analyzer.analyze(word)], default=0)
        kept = [word for word in words(query) if share(word) <= 0.4 * searcher.num_docs]
        return " ".join(kept) or query

    return {
        "build_seconds": building, "bytes": size(path), "segments": searcher.num_segments,
        "points": [timed(queries, search) for queries in query_files],
        "points_without_common": [
            timed([rare(query) for query in queries], search) for queries in query_files]}


def run_fts5(texts, query_files, reuse):
    path = f"{texts}.fts5"
    reuse = reuse and os.path.exists(path)
    if not reuse and os.path.exists(path):
        os.remove(path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA cache_size = -65536")
    start = time.perf_counter()
    if not reuse:
        database.execute(
            "CREATE VIRTUAL TABLE t USING fts5 (x, content = '', tokenize = 'porter unicode61')")
        with open(texts) as file:
            database.executemany("INSERT INTO t (x) VALUES (?)", ((line,) for line in file))
        database.execute("INSERT INTO t (t) VALUES ('optimize')")
        database.commit()
    building = None if reuse else time.perf_counter() - start

    def search(query):
        match = " OR ".join(f'"{word}"' for word in words(query))
        database.execute(
            "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10", (match,)).fetchall()

    return {
        "build_seconds": building, "bytes": size(path),
        "points": [timed(queries[:30], search, rounds=2) for queries in query_files]}


def run_vdb(program, texts, query_paths, reuse, fresh):
    index = f"{texts}.vdb-lexical"
    if os.path.exists(index) and not reuse:
        os.remove(index)

    def run(paths, *options):
        command = [program, "lexical", "--texts", texts, "--index", index, "--format", "json"]
        for path in paths:
            command += ["--queries", path]
        command += options
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    result = run(query_paths)
    result["fresh"] = []
    for path in query_paths if fresh else []:
        times = []
        for query in open(path).read().splitlines()[:fresh]:
            with open(f"{texts}.query", "w") as file:
                file.write(query + "\n")
            answer = run([f"{texts}.query"], "--repeat", "1")
            times.append((answer["open_ms"] + answer["points"][0]["first_mean_ms"]) / 1000)
        result["fresh"].append(percentiles(times))
    return result


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--counts", default="30000,300000,1000000")
    parser.add_argument("--only", default="vdb,tantivy,fts5")
    parser.add_argument("--reuse", action="store_true")
    parser.add_argument("--fresh", type=int, default=0)
    options = parser.parse_args()
    paths = [f"{options.folder}/queries-{length}.txt" for length in (3, 10)]
    queries = [open(path).read().splitlines() for path in paths]
    for count in options.counts.split(","):
        texts = f"{options.folder}/passages-{count}.txt"
        for name in options.only.split(","):
            if name == "vdb":
                result = run_vdb(options.program, texts, paths, options.reuse, options.fresh)
            elif name == "tantivy":
                result = run_tantivy(texts, queries, options.reuse)
            else:
                result = run_fts5(texts, queries, options.reuse)
            print(json.dumps({"name": name, "passages": int(count), **result}), flush=True)


main()

"""Compares vdb-bench ann with other libraries: same files, same machine, same run.

    python compare.py VDB-BENCH FOLDER [--indices FOLDER] [--threads N] [--only NAME,NAME]

FOLDER holds base.fvecs, query.fvecs and gt.ivecs (see make_sets.py). Needs numpy, hnswlib, usearch and
faiss-cpu; stronger_peers.py, whose peers --only can name, says what they need. hnswlib, usearch, FAISS
and vdb have M = 16 and efConstruction = 200; all have the inner product and search with one thread.
Queries/s at a recall are interpolated (log-linear) between the measured settings; each setting is run
five times and the fastest counts. Indexes are built once and kept in FOLDER, or in the
folder of --indices, with their build times and results, so that --only can measure a few at a time.
--threads is for building.

Both processor time and wall-clock time are measured: on a busy machine only processor time means
anything, and the ratios at the end use it. Each library runs in its own process, so that its memory can
be measured.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import stronger_peers

EFS = [10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960]
K = 10
PASSES = 5
PEERS = ["hnswlib", "usearch-f32", "usearch-bf16", "usearch-i8", "faiss-flat", "faiss-sq8"]
# The last searches the index of the one before with all queries in one call.
OURS = ["vdb-none", "vdb-int8", "vdb-int8-codes", "vdb-int8-codes-batch"]


def read_vectors(path, dtype):
    import numpy as np

    words = np.fromfile(path, dtype=np.int32)
    return np.ascontiguousarray(words.reshape(-1, words[0] + 1)[:, 1:]).view(dtype)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class HNSWLib:
    def __init__(self, variant, dimensions, count):
        import hnswlib

        self.index = hnswlib.Index("ip", dimensions)
        self.count = count

    def build(self, base, threads):
        self.index.init_index(self.count, M=16, ef_construction=200, random_seed=1)
        self.index.add_items(base, num_threads=threads)

    def save(self, path):
        self.index.save_index(path)

    def load(self, path):
        self.index.load_index(path)

    def search(self, queries, ef):
        self.index.set_ef(max(ef, K))
        return self.index.knn_query(queries, k=K, num_threads=1)[0]


class USearch:
    def __init__(self, variant, dimensions, count):
        from usearch.index import Index

        metric = "cos" if variant == "i8" else "ip"
        self.index = Index(
            ndim=dimensions, metric=metric, dtype=variant, connectivity=16, expansion_add=200)
        self.count = count

    def build(self, base, threads):
        import numpy as np

        self.index.add(np.arange(self.count), base, threads=threads)

    def save(self, path):
        self.index.save(path)

    def load(self, path):
        self.index.load(path)

    def search(self, queries, ef):
        self.index.expansion_search = ef
        return self.index.search(queries, K, threads=1).keys


class FAISS:
    def __init__(self, variant, dimensions, count):
        import faiss

        self.faiss = faiss
        if variant == "sq8":
            self.index = faiss.IndexHNSWSQ(
                dimensions, faiss.ScalarQuantizer.QT_8bit, 16, faiss.METRIC_INNER_PRODUCT)
        else:
            self.index = faiss.IndexHNSWFlat(dimensions, 16, faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = 200

    def build(self, base, threads):
        self.faiss.omp_set_num_threads(threads)
        self.index.train(base)
        self.index.add(base)

    def save(self, path):
        self.faiss.write_index(self.index, path)

    def load(self, path):
        self.index = self.faiss.read_index(path)

    def search(self, queries, ef):
        self.faiss.omp_set_num_threads(1)
        self.index.hnsw.efSearch = ef
        return self.index.search(queries, K)[1]


LIBRARIES = {"hnswlib": HNSWLib, "usearch": USearch, "faiss": FAISS, **stronger_peers.LIBRARIES}


def recall(answers, truth):
    found = sum(len(set(map(int, a)) & set(map(int, b))) for a, b in zip(answers, truth[:, :K]))
    return found / (len(truth) * K)


def measure_peer(name, folder, indices, threads):
    """Builds (or loads) one library's index and searches it; runs in a process of its own."""
    import numpy as np

    queries = read_vectors(f"{folder}/query.fvecs", np.float32)
    truth = read_vectors(f"{folder}/gt.ivecs", np.int32)
    base = read_vectors(f"{folder}/base.fvecs", np.float32)
    library, _, variant = name.partition("-")
    path = f"{indices}/{name}-{threads}.index"
    facts = {}
    if os.path.exists(path + ".json"):
        with open(path + ".json") as file:
            facts = json.load(file)
    else:
        wrapper = LIBRARIES[library](variant, base.shape[1], len(base))
        before = resident()
        clock, processor = time.perf_counter(), time.process_time()
        wrapper.build(base, threads)
        facts["build_seconds"] = time.perf_counter() - clock
        facts["build_cpu_seconds"] = time.process_time() - processor
        facts["build_resident_bytes"] = resident() - before
        wrapper.save(path)
        facts["index_bytes"] = stronger_peers.size(path)
        with open(path + ".json", "w") as file:
            json.dump(facts, file)
        del wrapper
    shape = base.shape
    del base
    wrapper = LIBRARIES[library](variant, shape[1], shape[0])
    before, clock = resident(), time.perf_counter()
    wrapper.load(path)
    facts["load_seconds"] = time.perf_counter() - clock
    points = []
    for ef in EFS:
        best_clock = best_processor = float("inf")
        for _ in range(PASSES):
            clock, processor = time.perf_counter(), time.process_time()
            answers = wrapper.search(queries, ef)
            best_processor = min(best_processor, time.process_time() - processor)
            best_clock = min(best_clock, time.perf_counter() - clock)
        points.append({
            "ef": ef, "recall": recall(answers, truth), "qps": len(queries) / best_clock,
            "cpu_us": best_processor / len(queries) * 1e6})
    facts["resident_bytes"] = resident() - before
    facts["points"] = points
    return facts


def measure_ours(bench, name, folder, indices, threads):
    import numpy as np

    variant = name.removesuffix("-batch")
    path = f"{indices}/{variant}-{threads}.index"
    arguments = [
        bench, "ann", "--base", f"{folder}/base.fvecs", "--queries", f"{folder}/query.fvecs",
        "--truth", f"{folder}/gt.ivecs", "--m", "16", "--ef-construction", "200",
        "--ef", ",".join(map(str, EFS)), "-k", str(K), "--build-threads", str(threads),
        "--passes", str(PASSES), "--index", path,
        "--quantization", name.split("-")[1], "--format", "json", "--out", f"{indices}/{name}"]
    if variant.endswith("-codes"):
        arguments.append("--neighbor-codes")
    if variant != name:
        arguments += ["--batch", "1000"]
    facts = json.loads(subprocess.run(arguments, check=True, capture_output=True).stdout)
    # An existing index is not rebuilt: its build time is stored next to it.
    built = ["build_seconds", "build_cpu_seconds", "build_peak_bytes"]
    if facts["build_seconds"] > 0:
        with open(path + ".json", "w") as file:
            json.dump({key: facts[key] for key in built}, file)
    else:
        with open(path + ".json") as file:
            facts.update(json.load(file))
    truth = read_vectors(f"{folder}/gt.ivecs", np.int32)
    for point in facts["points"]:
        answers = read_vectors(f"{indices}/{name}-ef{point['ef']}.ivecs", np.int32)
        point["recall"] = recall(answers, truth)
    return facts


def at_recall(points, wanted, value):
    """`value` of the points at a recall, log-linear between neighboring points; 0 if it is not reached."""
    import math

    points = sorted(points, key=lambda point: point["recall"])
    for low, high in zip(points, points[1:]):
        if low["recall"] <= wanted <= high["recall"]:
            share = (wanted - low["recall"]) / max(high["recall"] - low["recall"], 1e-9)
            return math.exp(math.log(value(low)) * (1 - share) + math.log(value(high)) * share)
    return value(points[0]) if points and points[0]["recall"] > wanted else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench")
    parser.add_argument("folder")
    parser.add_argument("--indices")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default=",".join(PEERS + OURS))
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    indices = options.indices or options.folder
    if options.peer:
        print(json.dumps(measure_peer(options.peer, options.folder, indices, options.threads)))
        return
    os.makedirs(indices, exist_ok=True)
    summary = f"{indices}/comparison-{options.threads}.json"
    results = {}
    if os.path.exists(summary):
        with open(summary) as file:
            results = json.load(file)
    for name in options.only.split(","):
        if name in OURS:
            results[name] = measure_ours(
                options.bench, name, options.folder, indices, options.threads)
        else:
            command = [sys.executable, __file__, options.bench, options.folder, "--indices",
                       indices, "--threads", str(options.threads), "--peer", name]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode != 0 or not run.stdout.strip():
                # Some refuse a processor; the others count.
                print(f"{name} failed: {run.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
                continue
            results[name] = json.loads(run.stdout.strip().splitlines()[-1])
    with open(summary, "w") as file:
        json.dump(results, file, indent=1)
    report(results)


def report(results):
    speed = lambda point: 1e6 / point["cpu_us"]
    print("library       build s (cpu s)   index MB  resident MB  load ms   q/s@.95   q/s@.99 (per cpu second)")
    for name, facts in results.items():
        print(f"{name:13s} {facts['build_seconds']:7.1f} ({facts['build_cpu_seconds']:5.1f})"
              f"   {facts['index_bytes'] / 1e6:9.1f}  {facts['resident_bytes'] / 1e6:11.1f}"
              f"  {facts['load_seconds'] * 1e3:7.1f}  {at_recall(facts['points'], .95, speed):8.0f}"
              f"  {at_recall(facts['points'], .99, speed):8.0f}")
    peers = [name for name in results if name not in OURS]
    for name in (name for name in results if name in OURS):
        if not peers:
            continue
        ratios = []
        for wanted in (.95, .99):
            best = max(at_recall(results[peer]["points"], wanted, speed) for peer in peers)
            own = at_recall(results[name]["points"], wanted, speed)
            ratios.append(f"{own / best:.2f}" if best else "(no peer reaches it)")
        reaching = [peer for peer in peers if max(p["recall"] for p in results[peer]["points"]) >= .99]
        build = min(results[peer]["build_cpu_seconds"] for peer in reaching or peers)
        print(f"{name} against the best peer: search {ratios[0]} at .95, {ratios[1]} at .99;"
              f" build {build / results[name]['build_cpu_seconds']:.2f} (processor time)")


if __name__ == "__main__":
    main()

"""Measures hnswlib and FAISS with the filters of `vdb-bench filter`.

    python filter_peers.py FOLDER [--count 200] [--ef 100] [--shares 0.5,0.1,0.01,0.001] [--only NAME]

FOLDER holds base.fvecs and query.fvecs (`vdb-bench vectors` or make_sets.py). The filters are the same:
random (a row matches if its SplitMix64 hash is small), near (the rows nearest to the query), far
(the farthest). FAISS takes a bitmap (IDSelectorBitmap); hnswlib a Python function, whose calls take most of
its time: compare its recall and completeness, not its speed. usearch has no filtered search in Python.
FAISS's scan is IndexFlat with the same bitmap. M = 16, efConstruction = 200, k = 10, one thread.
"""
import argparse
import time

import numpy as np

from compare import read_vectors

K = 10


def matching_at_random(count, share):
    with np.errstate(over="ignore"):
        bits = np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits ^= bits >> np.uint64(31)
    return np.flatnonzero((bits >> np.uint64(11)).astype(np.float64) < share * 2.0**53)


class FAISS:
    def __init__(self, base, ef):
        import faiss

        self.faiss, self.ef, self.count = faiss, ef, len(base)
        faiss.omp_set_num_threads(2)
        self.graph = faiss.IndexHNSWFlat(base.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
        self.graph.hnsw.efConstruction = 200
        self.graph.add(base)
        self.flat = faiss.IndexFlatIP(base.shape[1])
        self.flat.add(base)
        faiss.omp_set_num_threads(1)

    def prepare(self, rows):
        bits = np.zeros((self.count + 7) // 8 * 8, np.uint8)
        bits[rows] = 1
        self.bits = np.packbits(bits, bitorder="little")
        self.selector = self.faiss.IDSelectorBitmap(self.bits)

    def search(self, query):
        parameters = self.faiss.SearchParametersHNSW(sel=self.selector, efSearch=self.ef)
        return self.graph.search(query[None], K, params=parameters)[1][0]

    def scan(self, query):
        parameters = self.faiss.SearchParameters(sel=self.selector)
        return self.flat.search(query[None], K, params=parameters)[1][0]


class HNSWLib:
    scan = None

    def __init__(self, base, ef):
        import hnswlib

        self.index = hnswlib.Index("ip", base.shape[1])
        self.index.init_index(len(base), M=16, ef_construction=200, random_seed=1)
        self.index.add_items(base, num_threads=2)
        self.index.set_ef(ef)

    def prepare(self, rows):
        self.rows = set(rows.tolist())

    def search(self, query):
        try:
            return self.index.knn_query(query, k=K, num_threads=1, filter=self.rows.__contains__)[0][0]
        except RuntimeError:  # fewer than k were found
            return np.zeros(0, np.int64)


def best_time(search, query, passes=3):
    best, answer = float("inf"), None
    for _ in range(passes):
        start = time.perf_counter()
        answer = search(query)
        best = min(best, time.perf_counter() - start)
    return best * 1e6, answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--ef", type=int, default=100)
    parser.add_argument("--shares", default="0.5,0.1,0.01,0.001")
    parser.add_argument("--only", default="faiss,hnswlib")
    options = parser.parse_args()
    base = read_vectors(f"{options.folder}/base.fvecs", np.float32)
    queries = read_vectors(f"{options.folder}/query.fvecs", np.float32)[:options.count]
    scores = queries @ base.T
    libraries = {"faiss": FAISS, "hnswlib": HNSWLib}
    print("library  filter  share  matching  recall  fewer than k  p50 us  p99 us  scan p50 us")
    for name in options.only.split(","):
        library = libraries[name](base, options.ef)
        for kind in ("random", "near", "far"):
            for share in map(float, options.shares.split(",")):
                found, incomplete, times, scans = [], 0, [], []
                rows = matching_at_random(len(base), share)
                for query, score in zip(queries, scores):
                    if kind != "random":
                        order = np.argsort(-score if kind == "near" else score, kind="stable")
                        rows = np.sort(order[:max(1, int(len(base) * share))])
                    wanted = min(K, len(rows))
                    truth = rows[np.argsort(-score[rows], kind="stable")[:wanted]]
                    library.prepare(rows)
                    elapsed, answer = best_time(library.search, query)
                    answer = [row for row in answer if row >= 0]
                    times.append(elapsed)
                    found.append(len(set(truth.tolist()) & set(map(int, answer))) / wanted)
                    incomplete += len(answer) < wanted
                    if library.scan:
                        scans.append(best_time(library.scan, query)[0])
                scan = f"{np.median(scans):11.1f}" if scans else ""
                print(f"{name:8s} {kind:7s}{share:6.3f} {len(rows):9d}  {np.mean(found):.4f}"
                      f"  {incomplete:12d} {np.median(times):7.1f} {np.percentile(times, 99):7.1f} {scan}",
                      flush=True)


if __name__ == "__main__":
    main()

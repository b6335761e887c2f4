"""Compares vdb-bench encode with llama.cpp on the same GGUF files and token counts, in one run.

Peers, if they are installed: PyPI's `xllamacpp` (its wheel is built for AVX2) and `llama-cpp-python`
(built from source for the machine: CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary
llama-cpp-python llama-cpp-python). Each round runs every program once, one after another, each in its
own process; the best round counts. On a busy machine compare processor time: of all threads, or of one
thread, which leaves out the time llama.cpp's threads spend waiting for each other.

    tokens/s      32 texts of 128 tokens, wall-clock and processor time
    query         one text of 16 tokens
    float32       vdb with --precision float32, which dequantizes

usage: quantized_compare.py VDB_BENCH FILE.gguf… [--threads N] [--rounds N]
       quantized_compare.py --peer xllamacpp|llama_cpp FILE.gguf --threads N      (one peer's process)
"""

import argparse
import importlib.util
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

TEXTS, LENGTH, QUERY = 32, 128, 16


def timed(function):
    clock, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - clock, time.process_time() - processor


def peer(name, path, threads):
    """Prints one peer's figures as JSON."""
    random.seed(1)
    texts = [[random.randrange(100, 40000) for _ in range(LENGTH)] for _ in range(TEXTS)]
    query = texts[0][:QUERY]
    if name == "xllamacpp":
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = path
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.n_ctx = TEXTS * (LENGTH + 16)
        parameters.n_batch, parameters.n_ubatch = 4096, 512
        parameters.n_parallel = TEXTS
        parameters.embedding = True
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_LAST
        server = xllamacpp.Server(parameters)

        def encode(batch):
            answer = server.handle_embeddings({"input": batch})
            assert "data" in (json.loads(answer) if isinstance(answer, str) else answer)
    else:
        import llama_cpp

        model = llama_cpp.Llama(
            path, n_ctx=TEXTS * LENGTH, n_batch=4096, n_ubatch=512, n_threads=threads,
            n_threads_batch=threads, embedding=True, verbose=False,
            pooling_type=llama_cpp.LLAMA_POOLING_TYPE_LAST)
        batches = llama_cpp.internals.LlamaBatch(n_tokens=4096, embd=0, n_seq_max=TEXTS)

        def encode(batch):
            for start in range(0, len(batch), 512 // LENGTH):
                batches.reset()
                for number, ids in enumerate(batch[start : start + 512 // LENGTH]):
                    batches.add_sequence(ids, number, True)
                llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(model._ctx.ctx), True)
                model._ctx.decode(batches)

    encode([query])
    batch = timed(lambda: encode(texts))
    queries = [timed(lambda: encode([query])) for _ in range(9)]
    print(json.dumps({"batch": batch, "query": [min(q) for q in zip(*queries)]}), flush=True)
    os._exit(0)  # The server's threads have nothing to finish.


def run_peer(name, path, threads):
    out = subprocess.run(
        [sys.executable, __file__, "--peer", name, path, "--threads", str(threads)],
        capture_output=True, text=True)
    lines = [line for line in out.stdout.splitlines() if line.startswith('{"batch"')]
    return json.loads(lines[-1]) if lines else None


def run_vdb(bench, path, threads, precision):
    rounds = 2
    figures = {}
    for name, count, length in [("batch", TEXTS, LENGTH), ("query", 1, QUERY)]:
        # One token a word, as common words are; the beginning's token may come on top.
        words = "the of and to in is that for it as was with be by on not he his but at".split()
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as texts:
            for number in range(count):
                texts.write(" ".join(words[(i * 7 + number) % 20] for i in range(length)) + "\n")
            texts.flush()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            out = subprocess.run(
                [bench, "encode", "--model", path, "--texts", texts.name, "--instruction", "none",
                 "--pooling", "last", "--threads", str(threads), "--repeat", str(rounds),
                 "--format", "json"] + (["--precision", precision] if precision else []),
                check=True, capture_output=True, text=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = json.loads(out.stdout)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if name == "batch":
            # Opening and the queries at the end are in it, too: a little too much.
            scale = count * length / result["tokens"]
            figures["batch"] = [result["seconds"] * scale, used / (rounds + 1) * scale]
        else:
            figures["query"] = [result["query_ms"] / 1000, used / (15 + rounds + 1)]
        figures["resident_mb"] = after.ru_maxrss / 1024
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("arguments", nargs="+")
    parser.add_argument("--peer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.peer:
        return peer(options.peer, options.arguments[0], options.threads)
    bench, *files = options.arguments
    peers = [p for p in ("xllamacpp", "llama_cpp") if importlib.util.find_spec(p)]
    for path in files:
        best = {}
        for _ in range(options.rounds):
            runs = {
                "vdb int8": lambda: run_vdb(bench, path, options.threads, None),
                "vdb float32": lambda: run_vdb(bench, path, options.threads, "float32"),
            }
            for name in peers:
                runs[name] = lambda name=name: run_peer(name, path, options.threads)
            for name, run in runs.items():
                found = run()
                for key in ("batch", "query") if found else ():
                    kept = best.setdefault(name, {}).get(key, [float("inf")] * 2)
                    best[name][key] = [min(a, b) for a, b in zip(kept, found[key])]
        print(f"{os.path.basename(path)}, {options.threads} threads")
        print(f"{'':14}{'tokens/s':>10}{'by cpu':>10}{'ratio':>8}{'by cpu':>8}"
              f"{'query ms':>10}{'cpu ms':>8}")
        own = best["vdb int8"]
        tokens = TEXTS * LENGTH
        for name, figures in best.items():
            (clock, cpu), (query, query_cpu) = figures["batch"], figures["query"]
            print(f"{name:14}{tokens / clock:10.0f}{tokens / cpu:10.0f}"
                  f"{clock / own['batch'][0]:8.2f}{cpu / own['batch'][1]:8.2f}"
                  f"{query * 1000:10.1f}{query_cpu * 1000:8.1f}")


main()

"""vdb generate beside llama.cpp's parallel decoding: the same GGUF file, prompts, and number of threads.

Both decode greedily with the same number of sequences in flight, give a finished sequence's place to the next
prompt at once, and compute the prefix that the prompts share once (in llama.cpp as its example `parallel` does it,
with llama_memory_seq_cp). The runs are interleaved, each a process of its own; what opening the model costs is
measured with a run over one prompt and taken off. Prints tokens a second by processor time and by the clock,
and how many answers are the same: the two round activations differently, so greedy texts part ways.

usage: generate_compare.py VDB MODEL.gguf QUERIES.jsonl [--prompts 256] [--max-tokens 64] [--sequences 64]
                           [--threads 2] [--rounds 3] [--chat TEXT]
       (llama-cpp-python and numpy from PyPI)
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

DEFAULT_CHAT = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\n{query}<|im_end|>\n<|im_start|>assistant\n")


def peer(model, prompts, out, options):
    """llama.cpp: continuous batching over its C interface."""
    import ctypes

    # Threads that wait for each other do not spin, which on a busy machine costs llama.cpp most of its time.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import llama_cpp as c
    import numpy as np

    c.llama_backend_init()
    log = c.llama_log_callback(lambda *_: None)
    c.llama_log_set(log, ctypes.c_void_p(0))
    loaded = c.llama_model_load_from_file(model.encode(), c.llama_model_default_params())
    vocabulary = c.llama_model_get_vocab(loaded)

    def ids(text, special=True):
        buffer = (c.llama_token * (len(text.encode()) + 8))()
        count = c.llama_tokenize(
            vocabulary, text.encode(), len(text.encode()), buffer, len(buffer), False, special)
        return list(buffer[:count])

    before, after = options.chat.split("{query}")
    opening = before.rfind("|>") + 2
    prefix = ids(before[:opening])
    prompts = [ids(before[opening:] + p.strip(), False) + ids(after) for p in prompts]
    n, most = options.sequences, options.max_tokens
    longest = max(map(len, prompts))
    params = c.llama_context_default_params()
    params.n_ctx = (n + 1) * (len(prefix) + longest + most)
    params.n_batch = params.n_ubatch = 512
    params.n_seq_max = n + 1
    params.n_threads = params.n_threads_batch = options.threads
    params.kv_unified = True  # a cache for each sequence splits its batches, and is three times as slow here
    context = c.llama_init_from_model(loaded, params)
    memory = c.llama_get_memory(context)
    size = c.llama_vocab_n_tokens(vocabulary)
    batch = c.llama_batch_init(4096, 0, 1)

    def put(token, place, sequence, wanted):
        i = batch.n_tokens
        batch.token[i], batch.pos[i] = token, place
        batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = 1, sequence, wanted
        batch.n_tokens += 1
        return i

    for place, token in enumerate(prefix):
        put(token, place, n, False)
    if prefix:
        c.llama_decode(context, batch)
    free, active, done, taken = list(range(n)), {}, {}, 0
    while taken < len(prompts) or active:
        batch.n_tokens = 0
        rows = {}
        for sequence, state in active.items():
            rows[sequence] = put(state["tokens"][-1], state["length"], sequence, True)
            state["length"] += 1
        while free and taken < len(prompts) and batch.n_tokens + len(prompts[taken]) <= 512:
            sequence = free.pop()
            if prefix:
                c.llama_memory_seq_cp(memory, n, sequence, 0, len(prefix))
            for i, token in enumerate(prompts[taken]):
                rows[sequence] = put(token, len(prefix) + i, sequence, i == len(prompts[taken]) - 1)
            active[sequence] = dict(number=taken, tokens=[], length=len(prefix) + len(prompts[taken]))
            taken += 1
        status = c.llama_decode(context, batch)
        if status:
            sys.exit(f"llama_decode: {status}, {batch.n_tokens} tokens, {len(active)} sequences, context {params.n_ctx}")
        for sequence, row in rows.items():
            logits = np.ctypeslib.as_array(c.llama_get_logits_ith(context, row), (size,))
            token = int(logits.argmax())
            state = active[sequence]
            ended = c.llama_vocab_is_eog(vocabulary, token)
            if not ended:
                state["tokens"].append(token)
            if ended or len(state["tokens"]) == most:
                done[state["number"]] = state["tokens"]
                del active[sequence]
                c.llama_memory_seq_rm(memory, sequence, -1, -1)
                free.append(sequence)

    def text(tokens):
        buffer = (ctypes.c_char * 65536)()
        array = (c.llama_token * len(tokens))(*tokens)
        count = c.llama_detokenize(vocabulary, array, len(tokens), buffer, len(buffer), True, False)
        return bytes(buffer[:count]).decode("utf-8", "replace").strip()

    with open(out, "w", encoding="utf-8") as file:
        for number in range(len(prompts)):
            file.write(json.dumps(dict(answer=text(done[number]), tokens=len(done[number]))) + "\n")


parser = argparse.ArgumentParser()
parser.add_argument("vdb")
parser.add_argument("model")
parser.add_argument("queries")
parser.add_argument("--prompts", type=int, default=256)
parser.add_argument("--max-tokens", type=int, default=64)
parser.add_argument("--sequences", type=int, default=64, help="in flight, by all threads together")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--chat", default=DEFAULT_CHAT)
parser.add_argument("--peer", help=argparse.SUPPRESS)
options = parser.parse_args()
queries = [json.loads(line) for line in open(options.queries)]
# A prompt is one batch of llama.cpp's.
queries = [q for q in queries if len(q["text"]) <= 400][: options.prompts]
if options.peer:
    peer(options.model, [q["text"] for q in queries], options.peer, options)
    sys.exit()

folder = tempfile.mkdtemp()


def measure(command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, time.time() - start


def commands(count, name):
    asked = os.path.join(folder, f"queries{count}.jsonl")
    with open(asked, "w") as file:
        file.writelines(json.dumps(q) + "\n" for q in queries[:count])
    out = os.path.join(folder, name + ".jsonl")
    if name == "vdb":
        return out, [
            options.vdb, "generate", "--queries", asked, "--out", out, "--model", options.model, "--chat", options.chat,
            "--max-tokens", str(options.max_tokens), "--threads", str(options.threads), "--quiet", "--batch-size",
            str(max(1, options.sequences // options.threads))]
    return out, [
        sys.executable, __file__, options.vdb, options.model, asked, "--prompts", str(count), "--max-tokens",
        str(options.max_tokens), "--sequences", str(options.sequences), "--threads", str(options.threads), "--chat",
        options.chat, "--peer", out]


found = {name: [] for name in ("vdb", "llama.cpp")}
answers = {}
for _ in range(options.rounds):
    for name in found:
        opening, _ = measure(commands(1, name)[1])
        out, command = commands(len(queries), name)
        processor, clock = measure(command)
        answers[name] = [json.loads(line) for line in open(out)]
        tokens = sum(a["tokens"] for a in answers[name])
        found[name].append((tokens / (processor - opening), tokens / clock))
        print(f"{name:10} {tokens} tokens, {processor:.1f} s of processor time ({opening:.1f} s of it for opening and "
              f"one prompt), {clock:.1f} s", flush=True)
best = {name: [max(column) for column in zip(*rates)] for name, rates in found.items()}
for name, (processor, clock) in best.items():
    print(f"{name:10} {processor:.0f} tokens/s by processor time, {clock:.0f} by the clock")
print(f"ratio      {best['vdb'][0] / best['llama.cpp'][0]:.2f} by processor time, {best['vdb'][1] / best['llama.cpp'][1]:.2f} by "
      f"the clock")
same = sum(a["answer"] == b["answer"] for a, b in zip(answers["vdb"], answers["llama.cpp"]))
print(f"the same answer to {same} of {len(queries)} prompts")

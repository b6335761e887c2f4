"""vdb-bench encode beside PyTorch and ONNX Runtime with one BERT encoder on the same texts, in one run.

    mixed       the first texts of FILE, one a line, as they are
    uniform     as many texts of 126 tokens, cut from the same, so that nobody pads
    query       the first text cut to 14 tokens, by itself

Special tokens make 128 and 16 of them. Each round runs everybody once, one after another, each in a
process of its own. Every figure is the least of the rounds: seconds by the clock and of processor time,
tokenization included. PyTorch runs as sentence-transformers has it, ONNX Runtime the exported model after
its own optimizer for BERT; both take batches of 32 in order of length. On a busy machine compare
processor time.

usage: encoder_speed.py VDB_BENCH MODEL FILE [--texts N] [--threads N] [--rounds N]
       (torch, sentence-transformers, onnx, onnxscript and onnxruntime from PyPI)
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time


def timed(function):
    clock, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - clock, time.process_time() - processor


def load_torch(folder, threads):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(folder, device="cpu")
    return lambda texts: model.encode(texts, batch_size=32, show_progress_bar=False)


def export(folder, path):
    """MODEL as ONNX, its attention and norms fused by ONNX Runtime's optimizer."""
    import torch
    from onnxruntime.transformers import optimizer
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

    class States(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids, mask, types):
            return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

    ids = torch.ones((2, 9), dtype=torch.int64)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        States().eval(), tuple([ids] * 3), path + ".plain", input_names=names, output_names=["states"], dynamo=False,
        dynamic_axes={name: {0: "batch", 1: "length"} for name in names + ["states"]})
    c = model.config
    optimizer.optimize_model(
        path + ".plain", model_type="bert", num_heads=c.num_attention_heads, hidden_size=c.hidden_size,
    ).save_model_to_file(path)


def load_onnx(folder, path, threads):
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.enable_truncation(json.load(open(os.path.join(folder, "sentence_bert_config.json")))["max_seq_length"])
    tokenizer.enable_padding()

    def encode(texts):
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(texts), 32):
            batch = tokenizer.encode_batch([texts[i] for i in order[start : start + 32]])
            ids = np.array([e.ids for e in batch], dtype=np.int64)
            mask = np.array([e.attention_mask for e in batch], dtype=np.int64)
            states = session.run(["states"], {"input_ids": ids, "attention_mask": mask, "token_type_ids": ids * 0})[0]
            mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
            mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        return mean

    return encode


def peer(arguments, threads):
    name, folder, path, *files = arguments
    encode = load_torch(folder, threads) if name == "torch" else load_onnx(folder, path, threads)
    out = []
    for file in files:
        texts = open(file).read().splitlines()
        encode(texts[:32])
        runs = [timed(lambda: encode(texts)) for _ in range(9 if len(texts) == 1 else 1)]
        out.append([min(times) for times in zip(*runs)])
    print(json.dumps(out))


def run_peer(arguments, threads):
    out = subprocess.run(
        [sys.executable, __file__, "--peer", "--threads", str(threads), *arguments], capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    return json.loads(out.stdout.splitlines()[-1])


def run_vdb(bench, folder, precision, files, threads):
    out = []
    for file in files:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures = json.loads(subprocess.run(
            [bench, "encode", "--model", folder, "--texts", file, "--threads", str(threads), "--instruction", "none",
             "--precision", precision, "--repeat", "1", "--format", "json"],
            check=True, capture_output=True, text=True).stdout)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if len(open(file).read().splitlines()) == 1:
            # 2 rounds and 15 queries, and opening.
            out.append([figures["query_ms"] / 1000, used / 17])
        else:
            # 2 rounds, of which the first is not in `seconds`; opening and queries are a little too much.
            out.append([figures["seconds"], used / 2])
    return out


def make_texts(options, folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(options.model, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    lines = [line.strip() for line in open(options.file) if line.strip()]
    mixed = lines[: options.texts]

    def cut(text, length):
        """A beginning of exactly `length` tokens."""
        encoded = tokenizer.encode(text, add_special_tokens=False)
        return text[: encoded.offsets[length - 1][1]]

    stream = " ".join(lines)[:2_000_000]
    uniform, start = [], 0
    while len(uniform) < options.texts:
        text = cut(stream[start : start + 2000], 126)
        start = (start + len(text)) % max(1, len(stream) - 3000)
        if len(tokenizer.encode(text).ids) == 128:
            uniform.append(text)
    files = []
    for name, texts in [("mixed", mixed), ("uniform", uniform), ("query", [cut(stream, 14)])]:
        path = os.path.join(folder, name)
        open(path, "w").write("\n".join(texts) + "\n")
        tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
        print(f"{name}: {len(texts)} texts, {tokens} tokens")
        files.append(path)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arguments", nargs="+")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--texts", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.peer:
        return peer(options.arguments, options.threads)
    bench, options.model, options.file = options.arguments
    with tempfile.TemporaryDirectory() as folder:
        files = make_texts(options, folder)
        path = os.path.join(folder, "model.onnx")
        export(options.model, path)
        runs = {
            "vdb float32": lambda: run_vdb(bench, options.model, "float32", files, options.threads),
            "vdb bfloat16": lambda: run_vdb(bench, options.model, "bfloat16", files, options.threads),
            "PyTorch": lambda: run_peer(["torch", options.model, path, *files], options.threads),
            "ONNX Runtime": lambda: run_peer(["onnx", options.model, path, *files], options.threads),
        }
        best = {}
        for _ in range(options.rounds):
            for name, run in runs.items():
                found = run()
                kept = best.get(name, [[float("inf")] * 2] * 3)
                best[name] = [[min(pair) for pair in zip(*pairs)] for pairs in zip(kept, found)]
        own = best["vdb float32"]
        print(f"{'seconds (ratio to vdb float32)':<16}")
        for name, figures in best.items():
            cells = []
            for (clock, used), (own_clock, own_used) in zip(figures, own):
                cells.append(f"{clock:8.3f} ({clock / own_clock:.2f}x) cpu {used:8.3f} ({used / own_used:.2f}x)")
            print(f"{name:14}" + " | ".join(cells))


main()

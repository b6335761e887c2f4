"""Compares vdb-bench encode with PyTorch on the same random models, in one run.

Two shapes: 135M (SmolLM2's) and 20M (384 x 8, vocabulary 16k), bfloat16, 32 texts of 128 tokens and
one of 16. Prints tokens/s, milliseconds and the ratio to PyTorch.

usage: encode_compare.py VDB_BENCH [FOLDER] [--threads N] [--float32] [--shape 135M|20M]
       (torch, transformers and tokenizers from PyPI; FOLDER keeps the models; default: a
       temporary folder)
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SHAPES = {
    "20M": dict(
        hidden_size=384, num_hidden_layers=8, num_attention_heads=6, num_key_value_heads=6,
        intermediate_size=1024, vocab_size=16384,
    ),
    "135M": dict(
        hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        intermediate_size=1536, vocab_size=49152,
    ),
}


def make(folder, shape):
    """A random model with a tokenizer that gives one token a byte."""
    if os.path.exists(os.path.join(folder, "tokenizer.json")):
        return
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    t = Tokenizer(models.BPE({k: i for i, k in enumerate(["<s>", "</s>"] + alphabet)}, []))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=t, bos_token="<s>", eos_token="</s>")
    fast.add_special_tokens({"additional_special_tokens": [f"<EMBED{i}>" for i in range(5)]})
    torch.manual_seed(1)
    config = LlamaConfig(**SHAPES[shape], tie_word_embeddings=True, max_position_embeddings=2048)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    fast.save_pretrained(folder)


def median(function, rounds):
    function()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def torch_figures(folder, dtype, threads):
    torch.set_num_threads(threads)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype).eval().model
    ids = torch.randint(0, 250, (32, 128), generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        batch = median(lambda: model(ids, use_cache=False).last_hidden_state, 3)
        query = median(lambda: model(ids[:1, :16], use_cache=False).last_hidden_state, 15)
    return ids.numel() / batch, query * 1000


def vdb_figures(bench, folder, precision, threads, count, length):
    # The beginning, a line's end and five compressed tokens are 7 of the text's tokens.
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as texts:
        for number in range(count):
            texts.write("".join(chr(97 + (i * 7 + number) % 26) for i in range(length - 7)) + "\n")
        texts.flush()
        out = subprocess.run(
            [bench, "encode", "--model", folder, "--texts", texts.name, "--instruction", "none",
             "--precision", precision, "--threads", str(threads), "--format", "json"],
            check=True, capture_output=True, text=True,
        ).stdout
    figures = json.loads(out)
    assert figures["tokens"] == count * length, figures
    return figures["tokens_per_second"], figures["query_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench")
    parser.add_argument("folder", nargs="?", default=None)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--shape", choices=SHAPES, default=None)
    options = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    dtype = torch.float32 if options.float32 else torch.bfloat16
    precision = "float32" if options.float32 else "bfloat16"
    with tempfile.TemporaryDirectory() as temporary:
        for shape in [options.shape] if options.shape else SHAPES:
            folder = os.path.join(options.folder or temporary, shape)
            make(folder, shape)
            theirs, their_query = torch_figures(folder, dtype, options.threads)
            ours, _ = vdb_figures(options.bench, folder, precision, options.threads, 32, 128)
            _, our_query = vdb_figures(options.bench, folder, precision, options.threads, 1, 16)
            print(
                f"{shape} {precision}, {options.threads} threads: {ours:,.0f} tokens/s, PyTorch "
                f"{theirs:,.0f}: {ours / theirs:.2f}x; 16 tokens {our_query:.2f} ms, PyTorch "
                f"{their_query:.2f}: {their_query / our_query:.2f}x", flush=True,
            )


main()

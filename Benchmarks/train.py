"""Compares vdb-bench train with PyTorch on the same models, rows and machine, in one run.

usage: train.py VDB_BENCH [--shape 20M|135M] [--stage contrast|pretrain] [--precision float32|bfloat16]
                [--lora-rank 32 | --full] [--steps 3] [--threads N] [--folder KEEP] [--recompute-layers]

(torch, transformers, tokenizers, and peft for LoRA, from PyPI.) Without --shape, --stage or an adapter option it runs every case.

A step is 16 sequences of 128 tokens. `contrast` is InfoNCE with in-batch negatives on 8 pairs: no
output head. `pretrain` is the next token: the whole vocabulary's head. Both sides see the same ids
without padding and start from the same weights; their first losses must agree, or the run ends. bfloat16 is autocast
on float32 weights in PyTorch, and `--precision bfloat16` here. Each side runs in its own
process; the memory is that process's peak resident size (Python and PyTorch included). The rate is the
median step's, without the first step. Prints a line of Markdown for each case.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

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
ROWS, LENGTH, COMPRESSED, TEMPERATURE = 8, 128, 5, 0.02
LINEAR = "q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split()
QUERY = "Use one word to represent the query in a retrieval task. The word is: “\n"
DOCUMENT = "Use one word to represent the passage in a retrieval task. The word is: “\n"


def text(tokens, seed):
    """A text of so many tokens: one a letter."""
    return "".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz", k=tokens))


def make_model(folder, shape):
    """A random model whose tokenizer gives one token a byte, and rows of LENGTH tokens."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    if not os.path.exists(os.path.join(folder, "tokenizer.json")):
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        t = Tokenizer(models.BPE({k: i for i, k in enumerate(["<s>", "</s>"] + alphabet)}, []))
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.decoder = decoders.ByteLevel()
        fast = PreTrainedTokenizerFast(tokenizer_object=t, bos_token="<s>", eos_token="</s>")
        fast.add_special_tokens(
            {"additional_special_tokens": [f"<EMBED{i}>" for i in range(COMPRESSED)]})
        torch.manual_seed(1)
        config = LlamaConfig(
            **SHAPES[shape], tie_word_embeddings=True, max_position_embeddings=2048)
        LlamaForCausalLM(config).save_pretrained(folder)
        fast.save_pretrained(folder)
    # Beginning, line's end and compressed tokens are 7 of an input's; beginning and end of a text 2.
    room = {i: LENGTH - 2 - COMPRESSED - len(i.encode()) for i in (QUERY, DOCUMENT)}
    with open(os.path.join(folder, "contrast.jsonl"), "w") as out:
        for row in range(ROWS):
            out.write(json.dumps(dict(
                query=text(room[QUERY], 2 * row), pos=[text(room[DOCUMENT], 2 * row + 1)], neg=[],
            )) + "\n")
    with open(os.path.join(folder, "pretrain.jsonl"), "w") as out:
        for row in range(2 * ROWS):
            out.write(json.dumps(dict(text=text(LENGTH - 2, row))) + "\n")


def peer(folder, stage, precision, rank, steps, threads):
    """PyTorch's side, in a process of its own."""
    import torch
    import torch.nn.functional as F
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(threads)
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    ids = lambda s: tokenizer.encode(s, add_special_tokens=False).ids
    special = lambda s: tokenizer.token_to_id(s)
    data = [json.loads(line) for line in open(os.path.join(folder, stage + ".jsonl"))]
    if stage == "contrast":
        compressed = [special(f"<EMBED{i}>") for i in range(COMPRESSED)]
        sequences = [
            [special("<s>")] + ids(t + "\n") + ids(i) + compressed
            for r in data for t, i in ((r["query"], QUERY), (r["pos"][0], DOCUMENT))]
    else:
        sequences = [[special("<s>")] + ids(r["text"]) + [special("</s>")] for r in data]
    batch = torch.tensor(sequences)
    assert batch.shape == (2 * ROWS, LENGTH), batch.shape

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    core, head = model.model, model.lm_head
    if rank:
        from peft import LoraConfig, get_peft_model
        model = get_peft_model(
            model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LINEAR))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.0)
    times, losses = [], []
    for _ in range(steps + 1):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            if stage == "contrast":
                states = core(batch, use_cache=False).last_hidden_state[:, -COMPRESSED:]
                v = F.normalize(states.float().mean(1), dim=-1)
                loss = F.cross_entropy(v[0::2] @ v[1::2].T / TEMPERATURE, torch.arange(ROWS))
            else:
                logits = head(core(batch[:, :-1], use_cache=False).last_hidden_state)
                loss = F.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        times.append(time.perf_counter() - start)
    print(json.dumps(dict(
        first_loss=losses[0], median_tokens_per_second=batch.numel() / statistics.median(times[1:]),
        peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)))


def run(command):
    # A forced OpenBLAS kernel would be slower than the one that the processor gets by itself.
    forced = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    environment = {k: v for k, v in os.environ.items() if k not in forced}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(o, folder, shape, stage, precision, rank):
    steps, threads = str(o.steps), str(o.threads)
    ours = run([
        o.bench, "train", "--model", folder, "--data", os.path.join(folder, stage + ".jsonl"),
        "--stage", stage, "--in-batch-negatives", "--precision", precision, "--steps", steps,
        "--batch-size", str(ROWS if stage == "contrast" else 2 * ROWS), "--threads", threads]
        + (["--lora-rank", str(rank)] if rank else [])
        + (["--recompute-layers"] if o.recompute_layers else []))
    theirs = run([
        sys.executable, os.path.abspath(__file__), "--peer", folder, stage, precision,
        str(rank or 0), steps, threads])
    tolerance = 1e-3 if precision == "float32" else 0.1
    if abs(ours["first_loss"] - theirs["first_loss"]) > tolerance * theirs["first_loss"]:
        sys.exit(f"first losses differ: {ours['first_loss']}, PyTorch {theirs['first_loss']}")
    rate, their_rate = (x["median_tokens_per_second"] for x in (ours, theirs))
    memory, their_memory = (x["peak_resident_bytes"] / 2**20 for x in (ours, theirs))
    print(
        f"| {shape} | {stage} | {precision} | {f'LoRA {rank}' if rank else 'full'} "
        f"| {rate:,.0f} | {their_rate:,.0f} | {rate / their_rate:.2f} "
        f"| {memory:,.0f} | {their_memory:,.0f} | {memory / their_memory:.2f} |", flush=True)


def main():
    if sys.argv[1:2] == ["--peer"]:
        folder, stage, precision, rank, steps, threads = sys.argv[2:]
        return peer(folder, stage, precision, int(rank), int(steps), int(threads))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--stage", choices=["contrast", "pretrain"])
    parser.add_argument("--precision", choices=["float32", "bfloat16"])
    parser.add_argument("--lora-rank", type=int)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", help="folder that keeps the models; default: a temporary folder")
    parser.add_argument("--recompute-layers", action="store_true")
    o = parser.parse_args()
    print("| shape | stage | precision | trained | tokens/s | PyTorch | ratio "
          "| MiB | PyTorch | ratio |\n|" + " --- |" * 10)
    ranks = [o.lora_rank] if o.lora_rank else [None] if o.full else [None, 32]
    with tempfile.TemporaryDirectory() as temporary:
        for shape in [o.shape] if o.shape else SHAPES:
            folder = os.path.join(o.folder or temporary, shape)
            make_model(folder, shape)
            for stage in [o.stage] if o.stage else ["contrast", "pretrain"]:
                for precision in [o.precision] if o.precision else ["float32", "bfloat16"]:
                    for rank in ranks:
                        if stage == "contrast" or not rank:
                            compare(o, folder, shape, stage, precision, rank)


main()

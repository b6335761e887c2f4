"""vdb train respond beside PyTorch: the same folder, rows, batches, precision and number of threads.

    vdb                    the compressed tokens' rows and the projections are trained; words' keys and values are
                           constants, so that the backward pass through the encoder covers the new tokens only
    vdb, all words         the same with a LoRA adapter of rank 1, which needs the backward pass over all words
    PyTorch                transformers, padded batches; autograd goes back through every position
    PyTorch, constants     the words without a record into a key/value cache, then the new tokens

The runs are interleaved, each a process of its own, over the same batches. Prints tokens a second by processor time, from
the difference between a run of one step and one of --steps more, so that opening the model does not count; the peak
of resident memory; and the loss of the first step, which must be the same, as all start from one folder.

usage: respond_compare.py VDB MODEL ANSWERS.jsonl [--batch 16] [--steps 4] [--longest 200] [--rounds 2]
                          [--threads 1]
       (torch, transformers, safetensors, tokenizers and numpy from PyPI)
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("vdb")
parser.add_argument("model")
parser.add_argument("answers")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--steps", type=int, default=4)
parser.add_argument("--longest", type=int, default=200, help="the most characters of a question; padding is by the longest")
parser.add_argument("--rounds", type=int, default=2)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--peer", help=argparse.SUPPRESS)
parser.add_argument("--peer-steps", type=int, help=argparse.SUPPRESS)
parser.add_argument("--constants", action="store_true", help=argparse.SUPPRESS)
args = parser.parse_args()


def peer(folder):
    import numpy as np
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, DynamicCache

    torch.set_num_threads(args.threads)
    model = AutoModelForCausalLM.from_pretrained(args.model).eval().requires_grad_(False)
    dtype = model.dtype
    tokenizer = Tokenizer.from_file(os.path.join(args.model, "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    names = json.load(open(os.path.join(args.model, "tokenizer_config.json")))
    id_of = lambda key: tokenizer.token_to_id(
        names[key]["content"] if isinstance(names[key], dict) else names[key]) if names.get(key) else None
    bos, eos = id_of("bos_token"), id_of("eos_token")
    trained = load_file(os.path.join(folder, "projections.safetensors"))
    rows = load_file(os.path.join(folder, "adapter_model.safetensors"))
    trained["rows"] = next(iter(rows.values())).float()
    trained = {name: value.clone().requires_grad_() for name, value in trained.items()}
    n = len(trained["rows"])
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-3, weight_decay=0)
    teacher = torch.from_numpy(np.load(os.path.join(folder, "teacher.npy")))
    data = [json.loads(line) for line in open(os.path.join(folder, "rows.jsonl"))]
    embed = model.get_input_embeddings()
    ids = lambda text: tokenizer.encode(text.strip(), add_special_tokens=False).ids[:512]

    def padded(sequences, left):
        longest = max(map(len, sequences))
        table = torch.zeros(len(sequences), longest, dtype=torch.long)
        mask = torch.zeros(len(sequences), longest, dtype=torch.long)
        for row, sequence in enumerate(sequences):
            place = slice(longest - len(sequence), longest) if left else slice(0, len(sequence))
            table[row, place], mask[row, place] = torch.tensor(sequence), 1
        return table, mask

    def states(words):
        table, mask = padded(words, left=True)
        own = trained["rows"].to(dtype).expand(len(words), -1, -1)
        mask = F.pad(mask, (0, n), value=1)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        if not args.constants:
            inputs = torch.cat([embed(table), own], 1)
            return model.model(inputs_embeds=inputs, attention_mask=mask, position_ids=positions).last_hidden_state[:, -n:]
        with torch.no_grad():
            cache = DynamicCache()
            model.model(input_ids=table, attention_mask=mask[:, :-n], position_ids=positions[:, :-n], past_key_values=cache,
                        use_cache=True)
        return model.model(inputs_embeds=own, attention_mask=mask, position_ids=positions[:, -n:],
                           past_key_values=cache, use_cache=True).last_hidden_state

    for step in range(args.peer_steps):
        batch = data[step * args.batch : (step + 1) * args.batch]
        h = states([([bos] if bos is not None else []) + ids(row["query"]) for row in batch]).float()
        p = F.linear(h, trained["reconstruction.weight"], trained["reconstruction.bias"])
        targets = [ids(row["answer"]) + [eos] for row in batch]
        table, mask = padded(targets, left=False)
        inputs = torch.cat([p.to(dtype), embed(table[:, :-1])], 1)
        # The last target is only predicted.
        out = model.model(inputs_embeds=inputs, attention_mask=F.pad(mask[:, 1:], (n, 0), value=1)).last_hidden_state
        kept = mask.bool()
        logits = model.lm_head(out[:, n - 1 :][kept])
        reconstruction = F.cross_entropy(logits.float(), table[kept])
        v = F.linear(p.mean(1), trained["alignment.weight"], trained["alignment.bias"])
        alignment = (v - teacher[step * args.batch : (step + 1) * args.batch]).square().mean()
        (reconstruction + alignment).backward()
        torch.nn.utils.clip_grad_norm_(list(trained.values()), 1)
        optimizer.step()
        optimizer.zero_grad()
        if step == 0:
            print(reconstruction.item() + alignment.item(), flush=True)


if args.peer:
    peer(args.peer)
    sys.exit()

import numpy as np

work = tempfile.mkdtemp()
start = os.path.join(work, "start")
data = os.path.join(work, "rows.jsonl")
count = args.batch * (args.steps + 1)
with open(args.answers) as file, open(data, "w") as out:
    short = (line for line in file if len(json.loads(line)["query"]) <= args.longest)
    out.writelines(line for line, _ in zip(short, range(count)))
np.save(os.path.join(work, "teacher.npy"), np.random.default_rng(0).normal(size=(count, 384)).astype(np.float32))


def respond(model, out, steps, *more):
    return [args.vdb, "train", "respond", "--model", model, "--data", data, "--out", out, "--teacher-vectors",
            os.path.join(work, "teacher.npy"), "--batch-size", str(args.batch), "--max-steps", str(steps), "--no-shuffle",
            "--threads", str(args.threads), "--quiet", "--overwrite", "--log", out + ".log", *more]


subprocess.run(respond(args.model, start, 1, "--learning-rate", "0"), check=True)
for name in ("rows.jsonl", "teacher.npy"):
    os.link(os.path.join(work, name), os.path.join(start, name))


def command(name, steps):
    if name.startswith("PyTorch"):
        return [sys.executable, __file__, args.vdb, args.model, args.answers, "--batch", str(args.batch), "--threads",
                str(args.threads), "--peer", start, "--peer-steps", str(steps)] + ["--constants"] * ("constants" in name)
    more = ["--lora-rank", "1"] if "words" in name else []
    return respond(start, os.path.join(work, "out"), steps, "--learning-rate", "1e-3", *more)


def measure(name, steps):
    process = subprocess.Popen(command(name, steps), stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{name}: exit status {status}")
    if name.startswith("vdb"):
        lines = [json.loads(line) for line in open(os.path.join(work, "out.log"))]
        tokens, loss = sum(line["tokens"] for line in lines[1:]), lines[0]["loss"]
    else:
        tokens, loss = None, float(output.split()[0])
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, tokens, loss


found = {"vdb": [], "vdb, all words": [], "PyTorch": [], "PyTorch, constants": []}
for _ in range(args.rounds):
    for name in found:
        opening, _, _, _ = measure(name, 1)
        began = time.time()
        used, memory, tokens, loss = measure(name, args.steps + 1)
        tokens = tokens or found["vdb"][0][3]
        found[name].append((tokens / (used - opening), memory, loss, tokens))
        print(f"{name}: {tokens} tokens, {used - opening:.1f} s of processor time, {memory:.0f} MiB, {time.time() - began:.0f} s",
              file=sys.stderr, flush=True)
print("| program | tokens/s | peak memory | loss of step 1 |")
print("| --- | ---: | ---: | ---: |")
for name, runs in found.items():
    print(f"| {name} | {max(r[0] for r in runs):.0f} | {min(r[1] for r in runs):.0f} MiB | {runs[0][2]:.4f} |")

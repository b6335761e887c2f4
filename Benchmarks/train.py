"""Compares vdb-bench train with PyTorch on the same models, rows and machine, in one run.

usage: train.py VDB_BENCH [--shape 20M|135M] [--stage compress|align|contrast|pretrain]
                [--precision float32|bfloat16|int8] [--lora-rank 32 | --full] [--steps 3] [--threads N]
                [--folder KEEP] [--results FILE] [--recompute-layers] [--skip-peer]

(torch, transformers, tokenizers, and peft for LoRA, from PyPI.) Without --shape, --stage or an adapter
option it runs every case. With --results a case whose line the file has is not run again, so that an
interrupted run continues; the table at the end has all lines of the file.

No row is padded, on either side: all rows of a stage have the same lengths.

    compress  16 rows: 64 tokens to the encoder, of them 5 compressed, 32 from the decoder
    align     8 rows of a query, a positive and a negative: 16 inputs of 128 tokens, 24 targets of 32
    contrast  8 pairs, inputs of 128 tokens, InfoNCE with in-batch negatives: no output head
    pretrain  16 rows of 128 tokens, the next token: the whole vocabulary's head

Both sides see the same ids and start from the same weights; their first losses must agree, or the run
ends. bfloat16 is autocast on float32 weights in PyTorch, and `--precision bfloat16` here; int8 is
bfloat16 with frozen weights in eight bits here, beside PyTorch's bfloat16. PyTorch's side
computes the head at target positions only; with LoRA its frozen decoder is the same module with the
adapter disabled. Each side runs in its own process; the memory is that process's peak resident size
(Python and PyTorch included). The rate is the median step's, without the first step; the same per second of
processor time tells more on a busy machine. GFLOP/s count the products that the mathematics needs, none
twice; the peak is that of PyTorch's product of two matrices of 2048 x 2048. Prints a table in Markdown.
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
PRECISIONS = ["float32", "bfloat16", "int8"]
STAGES = ["compress", "align", "contrast", "pretrain"]
ROWS, LENGTH, COMPRESSED, TARGET = 8, 128, 5, 32
TEMPERATURE, BETA, ALIGN_TEMPERATURE = 0.02, 0.1, 0.05
LINEAR = "q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split()
QUERY = "Use one word to represent the query in a retrieval task. The word is: “\n"
DOCUMENT = "Use one word to represent the passage in a retrieval task. The word is: “\n"
REPEAT = "Repeat it: “\n"


def text(tokens, seed):
    """A text of so many tokens: one a letter."""
    return "".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz", k=tokens))


def batch(stage):
    """Rows in a step."""
    return ROWS if stage in ("align", "contrast") else 2 * ROWS


def make_rows(stage):
    # Beginning, line's end and compressed tokens are 7 of an input's; beginning and end of a text 2.
    room = lambda instruction, length: length - 2 - COMPRESSED - len(instruction.encode())
    query = lambda row: text(room(QUERY, LENGTH), 3 * row)
    if stage == "contrast":
        return [
            dict(query=query(r), pos=[text(room(DOCUMENT, LENGTH), 3 * r + 1)], neg=[])
            for r in range(ROWS)]
    if stage == "align":
        # A target with its end has TARGET tokens; the document's input is shorter than the query's.
        return [
            dict(query=query(r), pos=[text(TARGET - 1, 3 * r + 1)], neg=[text(TARGET - 1, 3 * r + 2)])
            for r in range(ROWS)]
    if stage == "compress":
        return [
            dict(context=text(room(REPEAT, LENGTH // 2), 2 * r), instruction=REPEAT.strip("\n"),
                 output=text(TARGET - 1, 2 * r + 1))
            for r in range(2 * ROWS)]
    return [dict(text=text(LENGTH - 2, r)) for r in range(2 * ROWS)]


def make_model(folder, shape):
    """A random model whose tokenizer gives one token a byte, and the rows of each stage."""
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
    for stage in STAGES:
        with open(os.path.join(folder, stage + ".jsonl"), "w") as out:
            for row in make_rows(stage):
                out.write(json.dumps(row) + "\n")


def multiplications(shape, stage, rank):
    """Floating-point operations of the products in a step: two for a multiplication and addition."""
    s = SHAPES[shape]
    width, inner = s["hidden_size"], s["intermediate_size"]
    keys = width // s["num_attention_heads"] * s["num_key_value_heads"]
    sides = [(width, width)] * 2 + [(width, keys)] * 2 + [(width, inner)] * 3
    weights = s["num_hidden_layers"] * sum(i * o for i, o in sides)
    adapter = s["num_hidden_layers"] * sum((i + o) * (rank or 0) for i, o in sides)
    head = s["vocab_size"] * width
    encoded = {
        "compress": 2 * ROWS * LENGTH // 2, "contrast": 2 * ROWS * LENGTH, "pretrain": 2 * ROWS * LENGTH,
        "align": ROWS * (LENGTH + 1 + TARGET + len(DOCUMENT.encode()) + COMPRESSED),
    }[stage]
    targets = {"compress": 2 * ROWS * TARGET, "align": 3 * ROWS * TARGET,
               "pretrain": 2 * ROWS * (LENGTH - 1), "contrast": 0}[stage]
    decoded = 0 if stage in ("contrast", "pretrain") else targets // TARGET * (COMPRESSED + TARGET - 1)
    # Forward, and backward for activations; for weights as well if they are trained.
    trained = 4 if rank else 6
    return (weights * (trained * encoded + 4 * decoded) + 6 * adapter * encoded
            + head * targets * (6 if stage == "pretrain" and not rank else 4))


class Peer:
    """PyTorch's side, in a process of its own."""

    def __init__(self, folder, stage, precision, rank):
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModelForCausalLM
        self.torch, self.stage, self.precision = torch, stage, precision
        tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.ids = lambda s: tokenizer.encode(s, add_special_tokens=False).ids
        self.begin, self.end = [tokenizer.token_to_id("<s>")], [tokenizer.token_to_id("</s>")]
        self.compressed = [tokenizer.token_to_id(f"<EMBED{i}>") for i in range(COMPRESSED)]
        self.data = [json.loads(line) for line in open(os.path.join(folder, stage + ".jsonl"))]
        load = lambda: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.model = load()
        self.core, self.head = self.model.model, self.model.lm_head
        self.rank = rank
        if rank:
            from peft import LoraConfig, get_peft_model
            self.model = get_peft_model(
                self.model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LINEAR))
        self.decoder = None
        if stage in ("compress", "align") and not rank:
            self.decoder = load()
            self.decoder.requires_grad_(False)
        self.references = None

    def inputs(self, t, instruction):
        return self.begin + self.ids(t + "\n") + self.ids(instruction) + self.compressed

    def encode(self, sequences):
        """e of inputs of one length."""
        states = self.core(self.torch.tensor(sequences), use_cache=False).last_hidden_state
        return states[:, -COMPRESSED:]

    def log_probabilities(self, e, targets):
        """log p of every target token: e [N, k, H], targets [N, T]."""
        import contextlib
        import torch.nn.functional as F
        torch = self.torch
        words = torch.tensor(targets)
        core, head = (self.decoder.model, self.decoder.lm_head) if self.decoder else (self.core, self.head)
        with self.model.disable_adapter() if self.rank else contextlib.nullcontext():
            embedded = torch.cat([e, core.embed_tokens(words[:, :-1]).to(e.dtype)], 1)
            states = core(inputs_embeds=embedded, use_cache=False).last_hidden_state
            logits = head(states[:, COMPRESSED - 1:]).float()
        return -F.cross_entropy(logits.flatten(0, 1), words.flatten(), reduction="none").view(words.shape)

    def loss(self):
        import torch.nn.functional as F
        torch, data = self.torch, self.data
        if self.stage == "pretrain":
            batch = torch.tensor([self.begin + self.ids(r["text"]) + self.end for r in data])
            logits = self.head(self.core(batch[:, :-1], use_cache=False).last_hidden_state)
            return F.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())
        if self.stage == "contrast":
            states = self.encode([
                self.inputs(t, i) for r in data
                for t, i in ((r["query"], QUERY), (r["pos"][0], DOCUMENT))])
            v = F.normalize(states.float().mean(1), dim=-1)
            return F.cross_entropy(v[0::2] @ v[1::2].T / TEMPERATURE, torch.arange(ROWS))
        target = lambda t: self.ids(t) + self.end
        if self.stage == "compress":
            e = self.encode([self.inputs(r["context"], r["instruction"] + "\n") for r in data])
            return -self.log_probabilities(e, [target(r["output"]) for r in data]).mean()
        queries = self.encode([self.inputs(r["query"], QUERY) for r in data])
        documents = self.encode([self.inputs(r["pos"][0], DOCUMENT) for r in data])
        positives, negatives = ([target(r[side][0]) for r in data] for side in ("pos", "neg"))
        scores = self.log_probabilities(
            torch.cat([queries, documents, queries]), positives + positives + negatives).sum(1)
        positive, own, negative = scores.chunk(3)
        if self.references is None:
            self.references = (positive - negative).detach()
        s1 = -torch.sigmoid(BETA * (positive - own).abs())
        s2 = -torch.sigmoid(BETA * (positive - negative - self.references))
        return F.cross_entropy(
            torch.stack([s1, s2], 1) / ALIGN_TEMPERATURE, torch.zeros(len(data), dtype=torch.long))

    def run(self, steps):
        torch = self.torch
        autocast = lambda: torch.autocast(
            "cpu", torch.bfloat16, enabled=self.precision == "bfloat16")
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.0)
        if self.stage == "align":
            with torch.no_grad(), autocast():
                self.loss()
        times, processor, losses = [], [], []
        for _ in range(steps + 1):
            start, used = time.perf_counter(), time.process_time()
            with autocast():
                loss = self.loss()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            times.append(time.perf_counter() - start)
            processor.append(time.process_time() - used)
        return dict(
            first_loss=losses[0], seconds=statistics.median(times[1:]),
            processor_seconds=statistics.median(processor[1:]),
            peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def peak(threads):
    """GFLOP/s of a product of two large matrices, by precision."""
    import torch
    torch.set_num_threads(threads)
    rates = {}
    for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        a, b = (torch.rand(2048, 2048).to(kind) for _ in range(2))
        times = []
        for _ in range(6):
            start = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - start)
        rates[name] = 2 * 2048**3 / min(times) / 1e9
    return rates


def run(command):
    # A forced OpenBLAS kernel would be slower than the one that the processor gets by itself.
    forced = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    environment = {k: v for k, v in os.environ.items() if k not in forced}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def peer(*arguments):
    return run([sys.executable, os.path.abspath(__file__), *map(str, arguments)])


def compare(o, folder, shape, stage, precision, rank, cases):
    int8 = precision == "int8"
    inner = "bfloat16" if int8 else precision
    ours = run([
        o.bench, "train", "--model", folder, "--data", os.path.join(folder, stage + ".jsonl"),
        "--stage", stage, "--precision", inner, "--steps", str(o.steps),
        "--batch-size", str(batch(stage)), "--threads", str(o.threads)]
        + (["--in-batch-negatives"] if stage == "contrast" else [])
        + (["--lora-rank", str(rank)] if rank else [])
        + (["--frozen-int8"] if int8 else []) + (["--recompute-layers"] if o.recompute_layers else []))
    case = dict(
        shape=shape, stage=stage, precision=precision, inner=inner, rank=rank, threads=o.threads,
        tokens=ours["tokens"] / ours["steps"], operations=multiplications(shape, stage, rank), ours=ours)
    if not o.skip_peer:
        # Of the case before, if that is the same one for PyTorch.
        same = [c for c in cases if (c["shape"], c["stage"], c["rank"], c["threads"]) == (
            shape, stage, rank, o.threads) and c.get("inner") == inner and "theirs" in c]
        theirs = same[-1]["theirs"] if same else peer(
            "--peer", folder, stage, inner, rank or 0, o.steps, o.threads)
        tolerance = 1e-3 if precision == "float32" else 0.1
        if abs(ours["first_loss"] - theirs["first_loss"]) > tolerance * theirs["first_loss"]:
            sys.exit(f"{stage}: first losses differ: {ours['first_loss']}, PyTorch {theirs['first_loss']}")
        case.update(theirs=theirs, peak=peer("--peak", o.threads)[inner])
    return case


def line(case):
    ours, theirs, tokens = case["ours"], case.get("theirs"), case["tokens"]
    rate = ours["median_tokens_per_second"]
    used = tokens * ours["steps"] / ours["processor_seconds"]
    memory = ours["peak_resident_bytes"] / 2**20
    cells = [
        case["shape"], case["stage"], case["precision"], f"LoRA {case['rank']}" if case["rank"] else "full",
        f"{rate:,.0f}"]
    flops = case["operations"] * rate / tokens / 1e9
    if theirs:
        their_rate, their_memory = tokens / theirs["seconds"], theirs["peak_resident_bytes"] / 2**20
        their_used = tokens / theirs["processor_seconds"]
        cells += [
            f"{their_rate:,.0f}", f"{rate / their_rate:.2f}", f"{used:,.0f}", f"{their_used:,.0f}",
            f"{used / their_used:.2f}", f"{flops:,.0f}", f"{case['peak']:,.0f}", f"{memory:,.0f}",
            f"{their_memory:,.0f}", f"{memory / their_memory:.2f}"]
    else:
        cells += ["", "", f"{used:,.0f}", "", "", f"{flops:,.0f}", "", f"{memory:,.0f}", "", ""]
    return "| " + " | ".join(cells) + " |"


def main():
    if sys.argv[1:2] == ["--peer"]:
        folder, stage, precision, rank, steps, threads = sys.argv[2:]
        import torch
        torch.set_num_threads(int(threads))
        return print(json.dumps(Peer(folder, stage, precision, int(rank)).run(int(steps))))
    if sys.argv[1:2] == ["--peak"]:
        return print(json.dumps(peak(int(sys.argv[2]))))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--stage", choices=STAGES)
    parser.add_argument("--precision", choices=PRECISIONS)
    parser.add_argument("--lora-rank", type=int)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", help="folder that keeps the models; default: a temporary folder")
    parser.add_argument("--results", help="file of results, one line a case, to continue a run")
    parser.add_argument("--recompute-layers", action="store_true")
    parser.add_argument("--skip-peer", action="store_true", help="measure vdb alone")
    o = parser.parse_args()
    cases = []
    if o.results and os.path.exists(o.results):
        cases = [json.loads(line) for line in open(o.results)]
    key = lambda case: tuple(case[k] for k in ("shape", "stage", "precision", "rank"))
    done = {key(case) for case in cases}
    ranks = [o.lora_rank] if o.lora_rank else [None] if o.full else [None, 32]
    with tempfile.TemporaryDirectory() as temporary:
        for shape in [o.shape] if o.shape else SHAPES:
            folder = os.path.join(o.folder or temporary, shape)
            make_model(folder, shape)
            for stage in [o.stage] if o.stage else STAGES:
                for precision in [o.precision] if o.precision else PRECISIONS:
                    for rank in ranks:
                        # Beside all weights there is nothing frozen but the decoder.
                        if (shape, stage, precision, rank) in done or (stage == "pretrain" and rank) or (
                                precision == "int8" and not rank):
                            continue
                        cases.append(compare(o, folder, shape, stage, precision, rank, cases))
                        print(line(cases[-1]), file=sys.stderr, flush=True)
                        if o.results:
                            with open(o.results, "a") as out:
                                out.write(json.dumps(cases[-1]) + "\n")
    print("| shape | stage | precision | trained | tokens/s | PyTorch | ratio | tokens a processor second "
          "| PyTorch | ratio | GFLOP/s | peak | MiB | PyTorch | ratio |\n|" + " --- |" * 15)
    for case in sorted(cases, key=lambda c: (list(SHAPES).index(c["shape"]), STAGES.index(c["stage"]),
                                             PRECISIONS.index(c["precision"]), c["rank"] or 0)):
        print(line(case))


main()

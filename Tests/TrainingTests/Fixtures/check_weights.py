"""Shows that transformers loads what `vdb train` writes, and that it is what PyTorch arrives at.

usage: check_weights.py VDB     (needs torch, transformers, tokenizers; run by hand)

Each case of make_fixtures.py is trained by both, ours in float32 and PyTorch's in float64. Prints
the greatest difference of any weight, and the greatest way that any weight went.
"""
import os, subprocess, sys, tempfile
from transformers import AutoModelForCausalLM
from make_fixtures import BATCH, CASES, OUT, RATE, STEPS, Reference, run

DATA = dict(compress="instructions", pretrain="texts", contrast="rows", align="rows")
start = {n: p.detach() for n, p in Reference().enc.named_parameters()}
for name, case in CASES.items():
    stage, *rest = name.split()
    extra = {"contrast": ["--negatives", "2"] + ["--in-batch-negatives"] * len(rest),
             "align": ["--negatives", "2", "--similarity", *rest[:1], "--strategy", *rest[1:]]}
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(
            [sys.argv[1], "train", stage, "--model", f"{OUT}/tiny", "--data",
             f"{OUT}/{DATA[stage]}.jsonl", "--out", out, "--batch-size", str(BATCH), "--max-steps",
             str(STEPS), "--learning-rate", str(RATE), "--schedule", "constant", "--warmup-ratio",
             "0", "--weight-decay", "0.01", "--no-shuffle", "--precision", "float32", "--quiet",
             *extra.get(stage, [])], check=True)
        ours = dict(AutoModelForCausalLM.from_pretrained(out).named_parameters())
        _, theirs = run(*case)
        difference = max(float((ours[n].detach().double() - w).abs().max()) for n, w in theirs.items())
        moved = max(float((start[n] - w).abs().max()) for n, w in theirs.items())
        print(f"{name}: weights moved by {moved:.1e}, differ by {difference:.1e}", flush=True)
        assert difference < 0.02 * moved, name

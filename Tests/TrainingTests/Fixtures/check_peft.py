"""Shows that transformers and PEFT load what `vdb train` writes.

usage: check_peft.py VDB     (needs torch, transformers, peft; run by hand)

Trains an adapter on tiny/ and on bare/ (which gets compressed tokens), apart and merged, and
compares the states of one input: transformers on the merged folder, transformers with PEFT on the
other. Each model is loaded in a process of its own: PEFT leaves traces in transformers' classes.
"""
import json, os, subprocess, sys, tempfile


def states(folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(folder)
    mark = tokenizer.convert_tokens_to_ids("<EMBED1>")
    assert tokenizer("x<EMBED1>")["input_ids"][-1] == mark, "the compressed token is no token"
    ids = torch.tensor([tokenizer("the wing lifts\n<EMBED0><EMBED1>")["input_ids"]])
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(folder).model(ids).last_hidden_state[0, -1]


if sys.argv[1] == "--states":
    print(json.dumps(states(sys.argv[2]).tolist()))
    sys.exit()

vdb, here = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
for name in ("tiny", "bare"):
    with tempfile.TemporaryDirectory() as out:
        found = {}
        for kind, extra in (("apart", []), ("merged", ["--merge"])):
            subprocess.run([vdb, "train", "contrast", "--model", f"{here}/{name}", "--data",
                            f"{here}/rows.jsonl", "--out", f"{out}/{kind}", "--lora-rank", "4",
                            "--max-steps", "6", "--learning-rate", "1e-2", "--quiet", *extra],
                           check=True)
            found[kind] = json.loads(subprocess.run(
                [sys.executable, __file__, "--states", f"{out}/{kind}"], check=True, cwd=out,
                capture_output=True, text=True).stdout.splitlines()[-1])
        error = max(abs(a - b) for a, b in zip(found["apart"], found["merged"]))
        print(f"{name}: adapter by PEFT against merged weights: {error:.1e}")
        assert 0 < error < 1e-4

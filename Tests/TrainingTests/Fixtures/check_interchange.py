"""Shows that transformers and PEFT load what `vdb train` writes, and read the same vectors from it.

usage: check_interchange.py VDB [MODEL …]     (needs torch, transformers, peft, numpy; run by hand)

Of tiny/, of bare/ (whose tokenizer has no compressed tokens), and of every MODEL folder named: all
weights trained, an adapter beside its base, an adapter merged; in float32. For each, the vector that
transformers (for an adapter: transformers with PEFT, both by loading the folder by its name and by
putting the adapter on the base) gives of texts tokenised by transformers' own tokenizer, against
`vdb embed`. Each folder is loaded in a process of its own: PEFT leaves traces in transformers'
classes.
"""
import json, os, subprocess, sys, tempfile

TEXTS = ["the wing lifts", "air flows\nfaster", "a plane: <s> <EMBED0>"]
NEXT = "Use one word to represent the query in a retrieval task. The word is: “"


def vectors(folder, how):
    import torch
    import torch.nn.functional as F
    from transformers import AutoModelForCausalLM, AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(folder)
    k = json.load(open(os.path.join(folder, "autoregembed.json")))["compressed_tokens"]
    marks = tokenizer.convert_tokens_to_ids([f"<EMBED{i}>" for i in range(k)])
    assert all(tokenizer("x" + f"<EMBED{i}>")["input_ids"][-1] == m for i, m in enumerate(marks)), \
        "a compressed token is not one token to transformers"
    assert len(tokenizer) <= json.load(open(os.path.join(folder, "config.json")))["vocab_size"]
    if how == "peft":
        from peft import PeftModel
        # The folder holds its base as well; PEFT alone is given that and the adapter.
        os.rename(os.path.join(folder, "adapter_config.json"), os.path.join(folder, "hidden"))
        base = AutoModelForCausalLM.from_pretrained(folder)
        os.rename(os.path.join(folder, "hidden"), os.path.join(folder, "adapter_config.json"))
        model = PeftModel.from_pretrained(base, folder)
    else:
        model = AutoModelForCausalLM.from_pretrained(folder)
    model.float().eval()
    # A literal control token in a text is ordinary characters to us.
    ids = lambda s: tokenizer(s, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    bos = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    result = []
    for text in TEXTS:
        x = torch.tensor([bos + ids(text + "\n") + ids(NEXT + "\n") + marks])
        with torch.no_grad():
            states = model(input_ids=x, output_hidden_states=True).hidden_states[-1][0, -k:]
        result.append(F.normalize(states.mean(0), dim=-1).tolist())
    return result


if sys.argv[1] == "--vectors":
    print(json.dumps(vectors(sys.argv[2], sys.argv[3])))
    sys.exit()

import numpy

vdb, here = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
models = [f"{here}/tiny", f"{here}/bare"] + [os.path.abspath(m) for m in sys.argv[2:]]
worst = 0
for model in models:
    with tempfile.TemporaryDirectory() as tmp:
        for kind, extra, ways in (("full", [], ["plain"]), ("adapter", ["--lora-rank", "4"], ["plain", "peft"]),
                                  ("merged", ["--lora-rank", "4", "--merge"], ["plain"])):
            out = f"{tmp}/{kind}"
            subprocess.run([vdb, "train", "contrast", "--model", model, "--data", f"{here}/rows.jsonl",
                            "--out", out, "--max-steps", "4", "--learning-rate", "1e-3", "--precision",
                            "float32", "--quiet", *extra], check=True)
            ours = [json.loads(subprocess.run(
                [vdb, "embed", text, "--model", out, "--instruction", "next"], check=True,
                capture_output=True, text=True).stdout)["embedding"] for text in TEXTS]
            for way in ways:
                theirs = json.loads(subprocess.run(
                    [sys.executable, os.path.abspath(__file__), "--vectors", out, way], check=True, cwd=tmp,
                    capture_output=True, text=True).stdout.splitlines()[-1])
                error = numpy.abs(numpy.array(ours) - numpy.array(theirs)).max()
                worst = max(worst, error)
                print(f"{os.path.basename(model)}, {kind} ({way}): {error:.1e}")
print(f"greatest difference {worst:.1e}")
sys.exit(1 if worst > 2e-5 else 0)

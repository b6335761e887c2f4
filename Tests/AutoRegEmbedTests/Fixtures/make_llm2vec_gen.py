"""An LLM2Vec-Gen folder on base/, its rows as PEFT writes them, and what transformers with PEFT computes.

    llm2vec-gen/         a PEFT adapter of five trained rows (TRAINABLE_TOKENS), projections, settings
    llm2vec-gen-head/    the adapter alone, made on the model with its head, whose tensor has another name
    llm2vec-gen.json     inputs, p, vectors, scores, decoded texts, likeliest tokens

usage: make_llm2vec_gen.py     (torch, transformers, peft, safetensors and tokenizers from PyPI)
"""

import json
import os
import shutil

import torch
import torch.nn.functional as F
from peft import PeftModel, TrainableTokensConfig, get_peft_model
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoModel, AutoModelForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.path.join(HERE, "base")
NEXT = "Generate a passage that best answers this question: "
SELF = "Summarize the following passage: "
SAME = "Generate text that is semantically similar to this text: "
N, WIDTH, MAX_LENGTH = 5, 6, 64
TEXTS = ["a", " \n A wing moves air down.\t\u2003", "naïve café — 日本語 🙂", "<EMBED0>", "long " * 50, ""]
IDS = [258, 259, 260, 261, 262]


def adapter(name, kind):
    path = os.path.join(HERE, name)
    shutil.rmtree(path, ignore_errors=True)
    torch.manual_seed(1)
    model = get_peft_model(
        kind.from_pretrained(BASE),
        TrainableTokensConfig(token_indices=IDS, target_modules=["embed_tokens"]),
    )
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.normal_(0, 0.3)
    model.save_pretrained(path)
    os.remove(os.path.join(path, "README.md"))
    file = os.path.join(path, "adapter_config.json")
    config = json.load(open(file))
    config["base_model_name_or_path"] = "../base"
    json.dump(config, open(file, "w"), indent=1)
    return path


adapter("llm2vec-gen-head", AutoModelForCausalLM)
path = adapter("llm2vec-gen", AutoModel)
torch.manual_seed(2)
R, A = torch.nn.Linear(16, 16), torch.nn.Linear(16, WIDTH)
save_file(
    {
        "reconstruction.weight": R.weight.detach(), "reconstruction.bias": R.bias.detach(),
        "alignment.weight": A.weight.detach(), "alignment.bias": A.bias.detach(),
    },
    os.path.join(path, "projections.safetensors"),
)
settings = {"method": "llm2vec-gen", "compressed_tokens": N, "max_length": MAX_LENGTH}
json.dump(settings, open(os.path.join(path, "autoregembed.json"), "w"), indent=1)

tokenizer = Tokenizer.from_file(os.path.join(BASE, "tokenizer.json"))
tokenizer.encode_special_tokens = True
encoder = PeftModel.from_pretrained(AutoModel.from_pretrained(BASE), path).eval()
decoder = AutoModelForCausalLM.from_pretrained(BASE).eval()


def ids(text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def inputs(text, instruction):
    return [0] + ids(instruction + text.strip())[:MAX_LENGTH] + IDS


def states(text, instruction):
    return encoder(torch.tensor([inputs(text, instruction)])).last_hidden_state[0, -N:]


def log_probability(document, p):
    t = torch.tensor(ids(document.strip())[:MAX_LENGTH] + [1])
    x = torch.cat([p, decoder.model.embed_tokens(t)])
    logits = decoder(inputs_embeds=x[None]).logits[0, N - 1 : N - 1 + len(t)]
    return logits.log_softmax(-1).gather(1, t[:, None]).sum().item()


def greedy(p, most):
    out, x = [], p[None]
    while len(out) < most:
        best = int(decoder(inputs_embeds=x).logits[0, -1].argmax())
        if best == 1:
            break
        out.append(best)
        x = torch.cat([x, decoder.model.embed_tokens(torch.tensor([[best]]))], 1)
    return tokenizer.decode(out, skip_special_tokens=True)


result = {"texts": [], "scores": []}
with torch.no_grad():
    for text in TEXTS:
        for name, task, instruction in (
            ("next", "retrieval", NEXT), ("self", "retrieval", SELF), ("next", "sts", SAME),
            ("none", "retrieval", ""),
        ):
            h = states(text, instruction)
            p = R(h)
            v = A(p).mean(0)
            likely = decoder.lm_head(h).softmax(-1).topk(3)
            result["texts"].append(
                dict(
                    text=text, instruction=name, task=task, tokens=inputs(text, instruction),
                    states=p.tolist(), unnormalized=v.tolist(),
                    vector=F.normalize(v, dim=0).tolist(), decoded=greedy(p, 12),
                    likeliest=likely.indices.tolist(), probabilities=likely.values.tolist(),
                )
            )
    p = R(states("what makes lift?", NEXT))
    for document in TEXTS:
        result["scores"].append(
            dict(document=document, log_probability=log_probability(document, p))
        )
json.dump(result, open(os.path.join(HERE, "llm2vec-gen.json"), "w"))

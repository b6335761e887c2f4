"""LLM2Vec-Gen on the tiny model, and what PyTorch makes of it.

usage: make_respond.py     (in this folder; needs torch, transformers, tokenizers, safetensors, numpy)

gen/             what makes a copy of tiny/ an LLM2Vec-Gen folder: rows, projections, settings
answers.jsonl    training data
teacher.npy      a teacher's vectors, one a row
respond.json     of each case the losses of four steps in float64, the norms of their gradients, and the trained
                 parameters after them: of each the sum over i of w_i cos(i), i its place in the flattened tensor
"""
import json, os
import numpy as np, torch
import torch.nn.functional as F
from safetensors.torch import save_file

from make_fixtures import BATCH, K, OUT, RATE, SELF, STEPS, Reference, dump, random, sentence, signature

WIDTH = 6
PROMPT = "Say what follows: "
random.seed(8)
ROWS = [dict(query=sentence(random.randint(2, 5)), answer=sentence(random.randint(1, 6)))
        for _ in range(STEPS * BATCH)]
ROWS[0]["query"] = "  " + ROWS[0]["query"] + "\n"
ROWS[1]["prompt"] = PROMPT
ROWS[2]["answer"] = ""
ROWS[3]["answer"] = "\t" + ROWS[3]["answer"] + " "


def tensors():
    torch.manual_seed(11)
    R, A = torch.nn.Linear(16, 16), torch.nn.Linear(16, WIDTH)
    return {"rows": torch.randn(K, 16) * 0.3, "reconstruction.weight": R.weight, "reconstruction.bias": R.bias,
            "alignment.weight": A.weight, "alignment.bias": A.bias}


class Gen(Reference):
    def __init__(self, tensors, weights=(1.0, 1.0)):
        super().__init__()
        self.enc.requires_grad_(False)
        self.p = {k: v.detach().double().clone().requires_grad_() for k, v in tensors.items()}
        self.weights = weights

    def soft(self, row):
        ids = [0] + self.ids(row.get("prompt", "") + row["query"].strip())
        x = torch.cat([self.enc.model.embed_tokens(torch.tensor(ids)), self.p["rows"]])
        h = self.enc.model(inputs_embeds=x[None]).last_hidden_state[0, -K:]
        return F.linear(h, self.p["reconstruction.weight"], self.p["reconstruction.bias"])

    def loss(self, rows, teacher):
        nll, words, square = 0.0, 0, 0.0
        for row, t in zip(rows, teacher):
            p = self.soft(row)
            nll = nll - self.logp(row["answer"].strip(), p)
            words += len(self.ids(row["answer"].strip())) + 1
            v = F.linear(p, self.p["alignment.weight"], self.p["alignment.bias"]).mean(0)
            square = square + (v - t).square().mean()
        terms = nll / words, square / len(rows)
        return terms, sum(w * t for w, t in zip(self.weights, terms) if w)

    def train(self, teacher):
        trained = {k: p for k, p in self.p.items() if self.weights[1] or not k.startswith("alignment")}
        optimizer = torch.optim.AdamW(trained.values(), lr=RATE, weight_decay=0.01)
        log = []
        for step in range(STEPS):
            at = slice(step * BATCH, (step + 1) * BATCH)
            terms, value = self.loss(ROWS[at], teacher[at])
            optimizer.zero_grad()
            value.backward()
            norm = torch.nn.utils.clip_grad_norm_(list(trained.values()), 1.0)
            optimizer.step()
            log.append(dict(loss=value.item(), reconstruction=float(terms[0]), alignment=float(terms[1]), norm=float(norm)))
        return dict(log=log, weights={k: signature(p.detach()) for k, p in self.p.items()})


if __name__ == "__main__":
    t = tensors()
    os.makedirs(os.path.join(OUT, "gen"), exist_ok=True)
    path = lambda name: os.path.join(OUT, "gen", name)
    marks = Reference().marks
    save_file({"base_model.model.embed_tokens.trainable_tokens_delta": t["rows"].contiguous()},
              path("adapter_model.safetensors"), metadata={"format": "pt"})
    json.dump(dict(peft_type="TRAINABLE_TOKENS", token_indices=marks, target_modules=["embed_tokens"],
                   base_model_name_or_path=".", inference_mode=True, task_type=None), open(path("adapter_config.json"), "w"), indent=1)
    save_file({k: v.detach().contiguous() for k, v in t.items() if k != "rows"}, path("projections.safetensors"))
    json.dump(dict(method="llm2vec-gen", compressed_tokens=K, max_length=64), open(path("autoregembed.json"), "w"), indent=1)
    dump("answers.jsonl", ROWS)
    torch.manual_seed(12)
    teacher = torch.randn(len(ROWS), WIDTH) * 2
    np.save(os.path.join(OUT, "teacher.npy"), teacher.numpy())
    teacher = teacher.double()

    r = Reference()  # tiny/ itself as the teacher: its pooled states, not normalized
    with torch.no_grad():
        states = torch.stack([r.e(row["answer"].strip(), SELF).mean(0) for row in ROWS])
    wide = dict(t)
    torch.manual_seed(13)
    wide["alignment.weight"], wide["alignment.bias"] = torch.randn(16, 16) * 0.2, torch.randn(16) * 0.2
    save_file({k: v.detach().contiguous() for k, v in wide.items() if k != "rows"}, path("wide.safetensors"))
    found = {"both": Gen(t).train(teacher), "weights": Gen(t, (2.0, 0.25)).train(teacher),
             "alignment": Gen(t, (0.0, 1.0)).train(teacher), "reconstruction": Gen(t, (1.0, 0.0)).train(teacher),
             "model": Gen(wide).train(states)}
    json.dump(found, open(os.path.join(OUT, "respond.json"), "w"), indent=1)
    for name, case in found.items():
        print(name, ["%.5f" % x["loss"] for x in case["log"]])

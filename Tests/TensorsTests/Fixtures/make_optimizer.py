"""AdamW and schedules by PyTorch and transformers. usage: make_optimizer.py optimizer.json"""
import json, sys
import torch
from transformers import (get_constant_schedule_with_warmup, get_cosine_schedule_with_warmup,
                          get_linear_schedule_with_warmup)

torch.manual_seed(3)
p = torch.nn.Parameter(torch.randn(6))
start = p.detach().tolist()
optimizer = torch.optim.AdamW([p], lr=0.05, weight_decay=0.1)
steps = []
for _ in range(6):
    g = torch.randn(6) * 3
    p.grad = g.clone()
    norm = torch.nn.utils.clip_grad_norm_([p], 1.0)
    optimizer.step()
    steps.append(dict(gradient=g.tolist(), norm=float(norm), parameter=p.detach().tolist()))
schedules = {}
for name, make in dict(cosine=get_cosine_schedule_with_warmup, linear=get_linear_schedule_with_warmup,
                       constant=get_constant_schedule_with_warmup).items():
    o = torch.optim.SGD([p], lr=1.0)
    s = make(o, 3) if name == "constant" else make(o, 3, 11)
    factors = []
    for _ in range(11):
        factors.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    schedules[name] = factors
json.dump(dict(start=start, steps=steps, schedules=schedules), open(sys.argv[1], "w"))

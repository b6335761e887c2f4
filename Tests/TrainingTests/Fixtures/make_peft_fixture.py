"""An adapter that PEFT made, and the vectors that transformers with PEFT gives: what ours must read.

usage: make_peft_fixture.py .     (in this folder; needs torch, transformers, peft)

peft/            adapter_config.json and adapter_model.safetensors on ../tiny, its compressed tokens' rows
                 trained as PEFT trains rows; no other file
peft.json        texts with the vectors that the two give
"""
import json, os, sys
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

OUT = sys.argv[1]
tiny, folder = os.path.join(OUT, "tiny"), os.path.join(OUT, "peft")
NEXT = "Use one word to represent the query in a retrieval task. The word is: “"
SELF = "Use one word to represent the passage in a retrieval task. The word is: “"
torch.manual_seed(3)
tokenizer = AutoTokenizer.from_pretrained(tiny)
marks = tokenizer.convert_tokens_to_ids(["<EMBED0>", "<EMBED1>"])
model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), LoraConfig(
    r=3, lora_alpha=5, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"],
    trainable_token_indices={"embed_tokens": marks}, task_type="CAUSAL_LM"))
with torch.no_grad():
    for name, p in model.named_parameters():
        if p.requires_grad:
            p.add_(torch.randn_like(p) * 0.2)
model.peft_config["default"].base_model_name_or_path = "../tiny"
model.save_pretrained(folder)
os.path.exists(os.path.join(folder, "README.md")) and os.remove(os.path.join(folder, "README.md"))
ids = lambda s: tokenizer(s, add_special_tokens=False)["input_ids"]


def vector(text, instruction):
    x = torch.tensor([[tokenizer.bos_token_id] + ids(text + "\n") + ids(instruction + "\n") + marks])
    with torch.no_grad():
        states = model(input_ids=x, output_hidden_states=True).hidden_states[-1][0, -2:]
    return F.normalize(states.mean(0), dim=-1).tolist()


texts = ["the wing lifts", "air flows faster above than below", "a plane"]
json.dump([dict(text=t, next=vector(t, NEXT), self=vector(t, SELF)) for t in texts],
          open(os.path.join(OUT, "peft.json"), "w"), indent=1)

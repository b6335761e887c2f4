"""Makes the tiny model and adapters beside this file, with what PyTorch computes from them.

    base/            a random Llama with a byte-level tokenizer and five compressed tokens
    lora/            a PEFT adapter on it: seven projections, the compressed tokens' rows
    rslora/          another: rank-stabilised, two projections, its own rank pattern, whole embedding
    expected.json    inputs, vectors, scores and questions' likelihoods of each, as AutoRegEmbed defines them

usage: make_fixtures.py     (torch, transformers, peft and tokenizers from PyPI)
"""

import json
import os
import shutil

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HERE = os.path.dirname(os.path.abspath(__file__))
NEXT = "Use one word to represent the query in a retrieval task. The word is: “"
SELF = "Use one word to represent the passage in a retrieval task. The word is: “"
TEXTS = [
    "a",
    "A wing moves air down.",
    "naïve café — 日本語 🙂\ttab",
    "a literal <EMBED0> and <s> are ordinary text",
    "long " * 200,
    "",
]
QUESTION = "what makes lift?"
K, MAX_LENGTH = 5, 512


def folder(name):
    path = os.path.join(HERE, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def tokenizer():
    """One token a byte, without merges."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate(["<s>", "</s>"] + alphabet)}
    t = Tokenizer(models.BPE(vocabulary, []))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=t, bos_token="<s>", eos_token="</s>")
    fast.add_special_tokens(
        {"additional_special_tokens": [f"<EMBED{i}>" for i in range(K)]}
    )
    return fast


def base():
    path = folder("base")
    tok = tokenizer()
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tok), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=2048,
            tie_word_embeddings=True, bos_token_id=0, eos_token_id=1,
        )
    )
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.2) if p.dim() > 1 else p.add_(torch.randn_like(p) * 0.1)
    model.save_pretrained(path)
    tok.save_pretrained(path)
    return path


def adapter(name, base_path, **settings):
    path = folder(name)
    torch.manual_seed(len(name))
    model = get_peft_model(
        LlamaForCausalLM.from_pretrained(base_path),
        LoraConfig(task_type="CAUSAL_LM", bias="none", **settings),
    )
    with torch.no_grad():
        for key, p in model.named_parameters():
            if p.requires_grad:
                p.normal_(0, 0.15)
    model.save_pretrained(path)
    config = json.load(open(os.path.join(path, "adapter_config.json")))
    config["base_model_name_or_path"] = "../base"
    json.dump(config, open(os.path.join(path, "adapter_config.json"), "w"), indent=1)
    for extra in ("README.md",):
        if os.path.exists(os.path.join(path, extra)):
            os.remove(os.path.join(path, extra))
    return path


def expected(base_path, adapter_path):
    tok = Tokenizer.from_file(os.path.join(base_path, "tokenizer.json"))
    tok.encode_special_tokens = True
    decoder = LlamaForCausalLM.from_pretrained(base_path).eval()
    encoder = LlamaForCausalLM.from_pretrained(base_path)
    if adapter_path:
        encoder = PeftModel.from_pretrained(encoder, adapter_path).merge_and_unload()
    encoder.eval()
    embeds = [tok.token_to_id(f"<EMBED{i}>") for i in range(K)]

    def ids(text):
        return tok.encode(text, add_special_tokens=False).ids

    def inputs(text, instruction, compressed=True):
        head = [0] + ids(text + "\n")[:MAX_LENGTH]
        tail = ids(instruction + "\n") if instruction is not None else []
        return head + tail + (embeds if compressed else [])

    def states(tokens):
        return encoder.model(torch.tensor([tokens])).last_hidden_state[0]

    def log_probability(target, e):
        t = torch.tensor(ids(target)[:MAX_LENGTH] + [1])
        x = torch.cat([e, decoder.model.embed_tokens(t)])
        logits = decoder(inputs_embeds=x[None]).logits[0, K - 1 : K - 1 + len(t)]
        return logits.log_softmax(-1).gather(1, t[:, None]).sum().item()

    def question_log_probability(passage):
        question = torch.tensor(ids(QUESTION))
        head = [0] + ids("Passage: ") + ids(passage)[:MAX_LENGTH] + ids("\nQuestion: ")
        logits = decoder(torch.tensor([head + question.tolist()])).logits[0, len(head) - 1 : -1]
        return logits.log_softmax(-1).gather(1, question[:, None]).mean().item()

    result = {"texts": [], "scores": [], "questions": []}
    with torch.no_grad():
        for text in TEXTS:
            for name, instruction in (("next", NEXT), ("self", SELF), ("none", None)):
                tokens = inputs(text, instruction)
                plain = states(inputs(text, instruction, compressed=False))
                e = states(tokens)[-K:]
                result["texts"].append(
                    dict(
                        text=text, instruction=name, tokens=tokens,
                        compressed=F.normalize(e.mean(0), dim=0).tolist(),
                        last=F.normalize(plain[-1], dim=0).tolist(),
                        mean=F.normalize(plain.mean(0), dim=0).tolist(),
                    )
                )
        e = states(inputs(QUESTION, NEXT))[-K:]
        for document in TEXTS:
            result["scores"].append(
                dict(document=document, log_probability=log_probability(document, e))
            )
            result["questions"].append(
                dict(document=document, log_probability=question_log_probability(document))
            )
    return result


path = base()
lora = adapter(
    "lora", path, r=4, lora_alpha=8,
    target_modules=[
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    ],
    trainable_token_indices={"embed_tokens": [258, 259, 260, 261, 262]},
)
rslora = adapter(
    "rslora", path, r=3, lora_alpha=5, use_rslora=True, target_modules=["q_proj", "up_proj"],
    rank_pattern={"up_proj": 2}, alpha_pattern={"up_proj": 7}, modules_to_save=["embed_tokens"],
)
result = {
    "base": expected(path, None),
    "lora": expected(path, lora),
    "rslora": expected(path, rslora),
}
json.dump(result, open(os.path.join(HERE, "expected.json"), "w"))

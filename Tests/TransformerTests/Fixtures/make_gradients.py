"""Gradients of the information-compression loss by PyTorch, for tiny models of every architecture.

usage: make_gradients.py gradients/     (needs torch, transformers, safetensors)

Each NAME.safetensors holds encoder weights (w:…), decoder weights (d:…), the encoder's gradients
(g:…) and the loss; NAME.json the configuration. Two texts of different length, two compressed
tokens each, and the targets that the frozen decoder gives a probability to.
"""
import json, os, sys
import torch
from safetensors.torch import save_file
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
                          Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

OUT = sys.argv[1]
TEXTS = [[3, 7, 1, 9, 20, 21], [5, 2, 11, 8, 6, 14, 4, 13, 20, 21]]
TARGETS = [[4, 12, 2, 19], [17, 3, 2]]
K = 2


def save(name, cls, config, seed):
    torch.manual_seed(seed)
    models = [cls(config) for _ in range(2)]
    for m in models:
        with torch.no_grad():
            for p in m.parameters():
                p.normal_(0, 0.3) if p.dim() > 1 else p.add_(torch.randn_like(p) * 0.2)
    encoder, decoder = models
    for p in decoder.parameters():
        p.requires_grad_(False)
    total, count = 0.0, 0
    for text, target in zip(TEXTS, TARGETS):
        e = encoder.model(torch.tensor([text])).last_hidden_state[:, -K:]
        ids = torch.tensor([target])
        x = torch.cat([e, decoder.model.embed_tokens(ids)], 1)
        logits = decoder(inputs_embeds=x).logits[0, K - 1: K - 1 + len(target)]
        total = total - logits.log_softmax(-1).gather(1, ids[0][:, None]).sum()
        count += len(target)
    loss = total / count
    loss.backward()
    tied = config.tie_word_embeddings
    tensors = {"loss": loss.detach()[None]}
    for prefix, model in (("w:", encoder), ("d:", decoder)):
        for n, p in model.named_parameters():
            tensors[prefix + n] = p.detach().clone()
    for n, p in encoder.named_parameters():
        if p.grad is not None:
            tensors["g:" + n] = p.grad
    assert ("g:lm_head.weight" in tensors) is False, "the encoder's head is not trained"
    save_file(tensors, os.path.join(OUT, name + ".safetensors"))
    config.architectures = [cls.__name__]
    json.dump(config.to_dict(), open(os.path.join(OUT, name + ".json"), "w"), indent=1)
    print(name, float(loss), "tied" if tied else "")


base = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=64, vocab_size=22, rms_norm_eps=1e-5)
save("llama-tied", LlamaForCausalLM, LlamaConfig(**base, tie_word_embeddings=True), 1)
save("llama-untied", LlamaForCausalLM, LlamaConfig(**base, rope_theta=500.0, attention_bias=True,
     mlp_bias=True), 2)
save("llama3-rope", LlamaForCausalLM, LlamaConfig(**base, tie_word_embeddings=True, rope_scaling=dict(
     rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
     original_max_position_embeddings=16)), 3)
save("mistral-window", MistralForCausalLM, MistralConfig(**base, sliding_window=4), 4)
save("qwen2-bias", Qwen2ForCausalLM, Qwen2Config(**base, tie_word_embeddings=True), 5)
save("qwen3-qknorm", Qwen3ForCausalLM, Qwen3Config(**base, head_dim=4), 6)

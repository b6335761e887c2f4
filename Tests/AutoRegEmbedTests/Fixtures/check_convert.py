"""Checks what `vdb model convert` writes with the programs of others.

    pip install torch transformers gguf peft numpy
    python check_convert.py VDB TOKENIZER…        (folders with a tokenizer.json)

For random models of each architecture and each tokenizer:

- transformers reads the GGUF file (`gguf_file=`), and its last hidden states are those of the folder;
- its tokenizer gives the same ids;
- quantized tensors are, byte by byte, what gguf.quants.quantize makes of the same weights (Q8_0, Q4_0),
  or come back as near as a plain encoder's (Q4_K);
- peft's own merge of an adapter is what --merge writes.
"""
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import torch
from gguf.quants import dequantize, quantize
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers import LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

TEXTS = ["It is 7 o'clock, and all's well.", "naïve café 日本語 🙂\t12345  x", "def f(x):\n    return x"]
COMMON = dict(hidden_size=256, intermediate_size=512, num_hidden_layers=2, num_attention_heads=8,
              num_key_value_heads=2, max_position_embeddings=2048)
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 512}


def configurations(size):
    yield "llama", LlamaConfig(vocab_size=size, tie_word_embeddings=False, **COMMON)
    yield "llama3", LlamaConfig(vocab_size=size, tie_word_embeddings=True, rope_theta=500000.0,
                                rope_scaling=LLAMA3, **COMMON)
    yield "mistral", MistralConfig(vocab_size=size, sliding_window=None, **COMMON)
    yield "qwen2", Qwen2Config(vocab_size=size, **COMMON)
    # transformers does not read a GGUF file's key_length, and takes 128.
    yield "qwen3", Qwen3Config(vocab_size=size, head_dim=128, **COMMON)


def states(model, tokenizer):
    model = model.eval()
    with torch.no_grad():
        return [model(torch.tensor([tokenizer(t, add_special_tokens=False).input_ids])).last_hidden_state
                for t in TEXTS]


def permuted(weights, heads):
    return (weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
            .swapaxes(1, 2).reshape(weights.shape))


def check_blocks(vdb, folder, config, model):
    weights = {k: v.float().numpy() for k, v in model.state_dict().items()}
    names = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
             "ffn_down": "mlp.down_proj"}
    for kind in ["q8_0", "q4_0", "q4_k", "f16", "bf16"]:
        path = folder / f"{kind}.gguf"
        subprocess.run([vdb, "model", "convert", folder, path, "--type", kind], check=True,
                       capture_output=True)
        compared = 0
        for tensor in gguf.GGUFReader(path).tensors:
            parts = tensor.name.split(".")
            if len(parts) != 4 or parts[2] not in names or parts[3] != "weight":
                continue
            own = weights[f"layers.{parts[1]}.{names[parts[2]]}.weight"]
            if config.model_type in ("llama", "mistral") and parts[2] in ("attn_q", "attn_k"):
                own = permuted(own, config.num_attention_heads if parts[2] == "attn_q"
                               else config.num_key_value_heads)
            if kind == "q4_k":
                back = dequantize(tensor.data, tensor.tensor_type).reshape(own.shape)
                error = np.sqrt(((back - own) ** 2).mean()) / own.std()
                plain = np.sqrt(((dequantize(quantize(own, gguf.GGMLQuantizationType.Q4_1),
                                             gguf.GGMLQuantizationType.Q4_1) - own) ** 2).mean())
                assert tensor.tensor_type.name == "Q4_K", tensor.tensor_type
                assert error * own.std() < plain * 1.05, (tensor.name, error, plain / own.std())
            else:
                expected = quantize(own, tensor.tensor_type)
                assert tensor.tensor_type.name == kind.upper(), tensor.tensor_type
                assert np.array_equal(np.asarray(tensor.data).reshape(-1).view(np.uint8),
                                      expected.reshape(-1).view(np.uint8)), tensor.name
            compared += 1
        assert compared == 14, compared
        print(f"  {kind}: {compared} tensors" + (f", error {error:.4f}" if kind == "q4_k" else " equal"))


def check_frequencies(path, model):
    scaled = model.rotary_emb.inv_freq.numpy()
    plain = 500000.0 ** -(np.arange(len(scaled)) / len(scaled))
    factors = {t.name: t.data for t in gguf.GGUFReader(path).tensors}["rope_freqs.weight"]
    worst = np.abs(factors / (plain / scaled) - 1).max()
    assert worst < 1e-5, worst
    print(f"  rope_freqs within {worst:.1e}")


def check_merge(vdb, folder, scratch):
    from peft import LoraConfig, get_peft_model
    model = AutoModelForCausalLM.from_pretrained(folder)
    torch.manual_seed(5)
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"],
                                             init_lora_weights=False))
    tuned.save_pretrained(scratch / "adapter")
    merged = tuned.merge_and_unload().state_dict()
    subprocess.run([vdb, "model", "convert", scratch / "adapter", scratch / "merged", "--merge", "--type",
                    "f32", "--base", folder], check=True, capture_output=True)
    found = AutoModelForCausalLM.from_pretrained(scratch / "merged").state_dict()
    worst = max((merged[k] - found[k]).abs().max().item() for k in merged)
    assert worst < 1e-5, worst
    print(f"  merged: {len(merged)} tensors, at most {worst:.1e} from peft's")


def main(vdb, tokenizers):
    for place in tokenizers:
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(pathlib.Path(place) / "tokenizer.json"))
        for number, (name, config) in enumerate(configurations(len(tokenizer))):
            with tempfile.TemporaryDirectory() as scratch:
                scratch = pathlib.Path(scratch)
                folder = scratch / "model"
                torch.manual_seed(number)
                model = AutoModelForCausalLM.from_config(config)
                model.save_pretrained(folder)
                tokenizer.save_pretrained(folder)
                print(pathlib.Path(place).name, name)
                subprocess.run([vdb, "model", "convert", folder, folder / "f32.gguf", "--type", "f32"],
                               check=True)
                if number == 0:
                    other = AutoTokenizer.from_pretrained(folder, gguf_file="f32.gguf")
                    for text in TEXTS:
                        expected = tokenizer(text, add_special_tokens=False).input_ids
                        assert other(text, add_special_tokens=False).input_ids == expected, text
                inner = AutoModel.from_pretrained(folder, dtype=torch.float32)
                expected = states(inner, tokenizer)
                reread = AutoModel.from_pretrained(folder, gguf_file="f32.gguf", dtype=torch.float32)
                if name == "llama3":
                    # transformers does not read the frequencies' factors that llama.cpp does.
                    check_frequencies(folder / "f32.gguf", inner)
                    reread.rotary_emb = inner.rotary_emb
                found = states(reread, tokenizer)
                worst = max((a - b).abs().max().item() for a, b in zip(expected, found))
                assert worst < 1e-4, worst
                print(f"  hidden states within {worst:.1e}")
                if name in ("llama", "qwen3"):
                    check_blocks(vdb, folder, config, inner)
                if name == "llama":
                    check_merge(vdb, folder, scratch)


main(sys.argv[1], sys.argv[2:])

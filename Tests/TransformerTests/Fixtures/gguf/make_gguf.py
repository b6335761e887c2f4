"""Makes small random GGUF models, written by PyPI's `gguf` package as llama.cpp's converter writes
them, with the last hidden states that transformers computes.

NAME.gguf beside NAME.safetensors:

    tokens   int64 [T]            a sequence
    states   float32 [T, hidden]  its last hidden states, from the dequantised weights

Where transformers reads the file as it is (`from_pretrained(gguf_file=…)`), it does; else (biases,
scaled rotary embeddings, which it ignores) the states are those of the model that was converted.

usage: make_gguf.py [NAME…]     (gguf, torch, transformers, accelerate and safetensors from PyPI)
"""

import pathlib
import sys

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf.quants import quantize
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

HERE = pathlib.Path(__file__).resolve().parent
VOCABULARY = 40
LENGTH = 12
CLASSES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
# Blocks that the package cannot make are random bytes; here lie their float16 scales.
SCALES = {
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0],
}
SMALL = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL"]
LARGE = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]

LLAMA3 = dict(
    rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=16,
)
YARN = dict(
    rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16,
)
LINEAR = dict(rope_type="linear", rope_theta=10000.0, factor=4.0)

# architecture, layers, element types that the layers' matrices take in turn, of the tables, settings
MODELS = {
    "llama-types": ("llama", 2, SMALL, "Q8_0", dict(tie_word_embeddings=True)),
    "llama-k-types": ("llama", 1, LARGE, "Q6_K", dict(hidden_size=256, tie_word_embeddings=True)),
    "llama-untied": ("llama", 2, ["F16"], "BF16", dict(num_key_value_heads=1)),
    "llama-biases": ("llama", 1, ["F32"], "F32", dict(attention_bias=True, mlp_bias=True)),
    "llama-rope-freqs": ("llama", 1, ["F32"], "F32", dict(rope_parameters=LLAMA3)),
    "llama-yarn": ("llama", 1, ["F32"], "F32", dict(rope_parameters=YARN)),
    "llama-linear": ("llama", 1, ["F32"], "F32", dict(rope_parameters=LINEAR)),
    "qwen2": ("qwen2", 2, ["Q4_0", "Q5_1"], "F16", dict(tie_word_embeddings=True)),
    "qwen3": ("qwen3", 2, ["Q8_0", "F32"], "F16", dict(tie_word_embeddings=True)),
    "llama-split": ("llama", 2, ["Q8_0"], "F16", dict(num_key_value_heads=2)),
}
FROM_FILE = {"llama-types", "llama-k-types", "llama-untied", "qwen2", "qwen3"}
NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name):
    fixed = {
        "model.embed_tokens.weight": "token_embd.weight", "lm_head.weight": "output.weight",
        "model.norm.weight": "output_norm.weight",
    }
    if name in fixed:
        return fixed[name]
    _, _, layer, *inner, kind = name.split(".")
    return f"blk.{layer}.{NAMES['.'.join(inner)]}.{kind}"


def permuted(weight, heads):
    """llama.cpp's order of rows within a head."""
    shape = weight.shape
    return weight.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def blocks(weight, kind, random):
    """The weight in that type: as the package quantises it, else random blocks of like size."""
    try:
        return quantize(weight, kind)
    except NotImplementedError:
        pass
    per_block, size = gguf.GGML_QUANT_SIZES[kind]
    rows, columns = weight.shape
    data = random.integers(0, 256, (rows, columns // per_block, size), dtype=np.uint8)
    for place, start in enumerate(SCALES[kind.name]):
        scale = random.uniform(0.2, 1.0, data.shape[:2]) * {0: 4e-3, 1: 4e-3}[place]
        if kind.name == "IQ4_NL":
            scale = scale / 2
        if kind.name in ("Q3_K", "Q6_K"):
            scale = scale / 32
        halves = scale.astype(np.float16).view(np.uint8).reshape(*data.shape[:2], 2)
        data[..., start : start + 2] = halves
    return data.reshape(rows, -1)


def build(name):
    architecture, layers, types, table, settings = MODELS[name]
    torch.manual_seed(sum(name.encode()))
    random = np.random.default_rng(sum(name.encode()))
    config_class, model_class = CLASSES[architecture]
    config = config_class(
        **{
            **dict(
                vocab_size=VOCABULARY, hidden_size=32, intermediate_size=32,
                num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=2,
                head_dim=16, max_position_embeddings=64, rms_norm_eps=1e-5,
                tie_word_embeddings=False, attn_implementation="eager",
            ),
            **settings,
        }
    )
    model = model_class(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3) if parameter.dim() > 1 else parameter.uniform_(0.5, 1.5)

    writers = [gguf.GGUFWriter(HERE / f"{name}.gguf", architecture)]
    if name == "llama-split":
        writers = [
            gguf.GGUFWriter(HERE / f"{name}-{part:05}-of-00002.gguf", architecture)
            for part in (1, 2)
        ]
    writer = writers[0]
    writer.add_name(name)
    writer.add_block_count(layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_key_length(config.head_dim if hasattr(config, "head_dim") else 16)
    writer.add_value_length(config.head_dim if hasattr(config, "head_dim") else 16)
    writer.add_rope_dimension_count(16)
    writer.add_vocab_size(VOCABULARY)
    rope = settings.get("rope_parameters", {})
    if rope.get("rope_type") == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope.get("rope_type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    # A tokenizer of the bytes' alphabet would be larger than the model.
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([chr(33 + number) for number in range(VOCABULARY)])
    writer.add_token_types([gguf.TokenType.NORMAL] * VOCABULARY)
    writer.add_token_merges([])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    for number, part in enumerate(writers):
        if len(writers) > 1:
            part.add_uint16("split.no", number)
            part.add_uint16("split.count", len(writers))
            part.add_int32("split.tensors.count", len(model.state_dict()))

    if rope.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_divisors(rope, config.head_dim))
    turn = 0
    for parameter, value in model.state_dict().items():
        if parameter == "lm_head.weight" and config.tie_word_embeddings:
            continue
        weight = value.float().numpy()
        if architecture == "llama" and ".q_proj." in parameter:
            weight = permuted(weight, config.num_attention_heads)
        if architecture == "llama" and ".k_proj." in parameter:
            weight = permuted(weight, config.num_key_value_heads)
        target = gguf_name(parameter)
        layer = int(target.split(".")[1]) if target.startswith("blk.") else None
        part = writers[-1] if layer == layers - 1 else writer
        if weight.ndim == 1:
            part.add_tensor(target, weight)
            continue
        if layer is None:
            kind = Type[table]
        else:
            kind = Type[types[turn % len(types)]]
            turn += 1
        if weight.shape[1] % gguf.GGML_QUANT_SIZES[kind][0]:
            kind = Type.Q8_0  # llama.cpp, too, falls back where rows are too short
        data = weight if kind == Type.F32 else blocks(weight, kind, random)
        if kind == Type.F16:
            data = weight.astype(np.float16)
        part.add_tensor(target, data, raw_dtype=None if kind in (Type.F32, Type.F16) else kind)
    for part in writers:
        part.write_header_to_file()
        part.write_kv_data_to_file()
        part.write_tensors_to_file()
        part.close()

    if name in FROM_FILE:
        # transformers does not read the heads' width of a Qwen3 file.
        settings = dict(config=config) if name == "qwen3" else {}
        model = AutoModelForCausalLM.from_pretrained(
            HERE, gguf_file=f"{name}.gguf", attn_implementation="eager", dtype=torch.float32,
            **settings,
        ).eval()
    elif name == "llama-split":
        quantised(model)
    tokens = torch.tensor(random.integers(0, VOCABULARY, LENGTH), dtype=torch.int64)
    with torch.no_grad():
        states = model.model(tokens[None]).last_hidden_state[0]
    save_file(
        {"tokens": tokens, "states": states.contiguous()}, HERE / f"{name}.safetensors"
    )
    print(name, states.abs().mean().item())


def quantised(model):
    """What the parts hold: transformers opens no split files."""
    from gguf.quants import dequantize

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() < 2:
                continue
            weight = parameter.numpy()
            if "layers" in name:
                weight = dequantize(quantize(weight, Type.Q8_0), Type.Q8_0)
            else:
                weight = weight.astype(np.float16).astype(np.float32)
            parameter.copy_(torch.from_numpy(weight))


def llama3_divisors(rope, dimension):
    """As llama.cpp's converter computes rope_freqs.weight."""
    frequencies = 1.0 / rope["rope_theta"] ** (np.arange(0, dimension, 2) / dimension)
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    divisors = []
    for frequency in frequencies:
        length = 2 * np.pi / frequency
        if length < high:
            divisors.append(1.0)
        elif length > low:
            divisors.append(rope["factor"])
        else:
            smooth = rope["original_max_position_embeddings"] / length - rope["low_freq_factor"]
            smooth /= rope["high_freq_factor"] - rope["low_freq_factor"]
            divisors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(divisors, dtype=np.float32)


for name in sys.argv[1:] or MODELS:
    build(name)

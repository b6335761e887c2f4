"""The student: a Llama whose parameters carry transformers' names, with the template around it.

Shapes: B texts, T positions, H hidden, K compressed tokens. Rows are padded on the left, so that
the compressed tokens are always the last K columns; rotary positions are relative, so the padding
moves nothing. Only those K rows go through the last layer's queries and MLP.
"""
import torch
import torch.nn.functional as F
from torch import nn

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 16384,
    "hidden_size": 384, "intermediate_size": 768, "num_hidden_layers": 3,
    "num_attention_heads": 6, "num_key_value_heads": 6, "head_dim": 64, "hidden_act": "silu",
    "max_position_embeddings": 1024, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
    "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
    "bos_token_id": 0, "eos_token_id": 1, "torch_dtype": "bfloat16",
}
# Shorter than the paper's sentences: four tokens instead of twenty, for every text that is encoded.
NEXT = "Query: \u201c"
SELF = "Passage: \u201c"
STS = "Sentence: \u201c"
SETTINGS = {
    "compressed_tokens": 5, "pooling": "compressed", "normalize": True, "token_weight": 0.3, "max_length": 512,
    "decoder": None,
    "instructions": {"retrieval": {"next": NEXT, "self": SELF}, "sts": {"next": STS, "self": STS}},
}
BOS, EOS, EMBED, K = 0, 1, [2, 3, 4, 5, 6], 5


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        x = x.float()
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + CONFIG["rms_norm_eps"]))


def rotate(x, cos, sin):
    """x: [B, heads, T, 64]; cos, sin: [T, 64]."""
    half = x.shape[-1] // 2
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        for name in "qkvo":
            setattr(self, f"{name}_proj", nn.Linear(width, width, bias=False))

    def forward(self, x, cos, sin, mask, rows):
        """x: [B, T, H] -> [B, rows, H], the last `rows` positions."""
        split = lambda y: y.view(y.shape[0], y.shape[1], -1, 64).transpose(1, 2)
        q = rotate(split(self.q_proj(x[:, -rows:])), cos[-rows:], sin[-rows:])
        k = rotate(split(self.k_proj(x)), cos, sin)
        v = split(self.v_proj(x))
        # Written out: on a CPU this runs backward four times as fast as the fused operation.
        scores = (q.to(v.dtype) * 64 ** -0.5) @ k.to(v.dtype).transpose(-1, -2)
        y = torch.softmax(scores + mask[:, :, -rows:], -1) @ v
        return self.o_proj(y.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = Attention(CONFIG["hidden_size"])
        self.mlp = MLP(CONFIG["hidden_size"], CONFIG["intermediate_size"])
        self.input_layernorm = RMSNorm(CONFIG["hidden_size"])
        self.post_attention_layernorm = RMSNorm(CONFIG["hidden_size"])

    def forward(self, x, cos, sin, mask, rows=None):
        rows = rows or x.shape[1]
        x = x[:, -rows:] + self.self_attn(self.input_layernorm(x), cos, sin, mask, rows).float()
        return x + self.mlp(self.post_attention_layernorm(x)).float()


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(CONFIG["vocab_size"], CONFIG["hidden_size"])
        self.layers = nn.ModuleList(Layer() for _ in range(CONFIG["num_hidden_layers"]))
        self.norm = RMSNorm(CONFIG["hidden_size"])

    def run(self, x, mask, rows):
        """x: [B, T, H] input embeddings, mask: [B, 1, T, T] -> [B, rows, H]."""
        positions = torch.arange(x.shape[1]).float()
        frequencies = CONFIG["rope_theta"] ** (-torch.arange(0, 64, 2).float() / 64)
        angles = torch.cat([positions[:, None] * frequencies] * 2, 1)
        cos, sin = angles.cos(), angles.sin()
        for layer in self.layers[:-1]:
            x = layer(x, cos, sin, mask)
        return self.norm(self.layers[-1](x, cos, sin, mask, rows))

    def states(self, texts, instruction):
        """texts: lists of ids of text + newline; instruction: ids -> e, [B, K, H]."""
        ids, mask = batch(texts, instruction)
        return self.run(self.embed_tokens(ids), mask, K)

    def forward(self, texts, instruction):
        """-> v, [B, H], L2-normalized."""
        return F.normalize(self.states(texts, instruction).mean(1), dim=1)


def batch(texts, instruction):
    """-> ids [B, T], padded on the left, and what is added to the scores, [B, 1, T, T]."""
    tail = list(instruction) + EMBED
    width = 1 + max(len(t) for t in texts) + len(tail)
    ids = torch.full((len(texts), width), EOS, dtype=torch.long)
    start = torch.empty(len(texts), dtype=torch.long)
    for row, text in enumerate(texts):
        start[row] = width - (1 + len(text) + len(tail))
        ids[row, start[row]:] = torch.tensor([BOS, *text, *tail])
    place = torch.arange(width)
    real = place >= start[:, None]
    mask = (place[:, None] >= place) & real[:, None, :] | (place[:, None] == place)
    return ids, torch.zeros(mask.shape, dtype=torch.bfloat16).masked_fill(~mask, -30000.0)[:, None]

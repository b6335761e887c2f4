"""Weights and their blocks as the gguf package's reference encoders write them.

    pip install gguf numpy
    python make_blocks.py > blocks.json

Q8_0 and Q4_0 are compared bit by bit. Of Q4_K, which the package only reads, the error of a plain
encoder is kept: each 32 weights between their least and largest, scales and minima in six bits.
"""
import base64
import json

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.quants import quantize

random = np.random.default_rng(7)
rows = [
    random.standard_normal(256),
    random.standard_normal(256) * 1e-3 + 0.02,
    random.standard_normal(256) * np.repeat(10.0 ** np.arange(-4, 4), 32),
    np.zeros(256),
    np.concatenate([np.full(32, 3.5), np.full(32, -3.5), np.zeros(192)]),
    # Ties: halves of the step of a block whose largest weight is 127 or 8.
    np.concatenate([[127.0], np.arange(31) + 0.5, [-8.0], (np.arange(31) - 15) / 2, np.ones(192)]),
]
weights = np.array(rows, dtype=np.float32)


def plain_error(x):
    groups = x.reshape(-1, 8, 32)
    least = np.minimum(groups.min(-1), 0)
    scale = (groups.max(-1) - least) / 15
    unit = np.float16(scale.max(-1, keepdims=True) / 63).astype(np.float32)
    minimum_unit = np.float16((-least).max(-1, keepdims=True) / 63).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        scales = np.nan_to_num(np.round(scale / unit)).clip(0, 63) * unit
        minima = np.nan_to_num(np.round(-least / minimum_unit)).clip(0, 63) * minimum_unit
        q = np.nan_to_num(np.round((groups + minima[..., None]) / scales[..., None])).clip(0, 15)
    back = q * scales[..., None] - minima[..., None]
    return np.sqrt(((back - groups) ** 2).mean((-1, -2))).tolist()


print(json.dumps({
    "weights": base64.b64encode(weights.tobytes()).decode(),
    "Q8_0": base64.b64encode(quantize(weights, Type.Q8_0).tobytes()).decode(),
    "Q4_0": base64.b64encode(quantize(weights, Type.Q4_0).tobytes()).decode(),
    "BF16": base64.b64encode(quantize(weights, Type.BF16).tobytes()).decode(),
    "F16": base64.b64encode(weights.astype(np.float16).tobytes()).decode(),
    "plain": plain_error(weights),
}))

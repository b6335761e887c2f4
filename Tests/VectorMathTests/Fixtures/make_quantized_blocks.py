"""Makes quantized-blocks.json: blocks of every type, with what PyPI's `gguf` package dequantizes
them to.

Some blocks are what the package makes of normally distributed numbers (where it can quantize to the
type); the others are random bytes whose scales are set to chosen float16 numbers, extremes among
them.

    { "Q4_0": { "bytes": hexadecimal, "values": hexadecimal, little-endian float32 }, … }

usage: make_quantized_blocks.py > quantized-blocks.json     (numpy and gguf from PyPI)
"""

import json

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

# Where in a block its float16 numbers lie.
HALVES = {
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q2_K": [80, 82],
    "Q3_K": [108],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
    "IQ4_NL": [0],
    "F16": [0],
}
SCALES = [0.0123, -1.5, 0.0, 6e-8, 65504.0, 6.1e-5]


def main():
    random = np.random.default_rng(14)
    result = {}
    for name in ["F32", "BF16", *HALVES]:
        kind = GGMLQuantizationType[name]
        weights, size = GGML_QUANT_SIZES[kind]
        count = 3 if weights == 256 else len(SCALES)
        blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
        for number, block in enumerate(blocks):
            for place, start in enumerate(HALVES.get(name, [])):
                scale = np.float16(SCALES[(number + place) % len(SCALES)])
                block[start : start + 2] = np.frombuffer(scale.tobytes(), np.uint8)
        if name in ("F32", "BF16"):
            blocks = random.normal(size=(count, 1)).astype(np.float32).view(np.uint8)[:, -size:]
        try:
            made = quantize(random.normal(size=(2, max(weights, 32))).astype(np.float32), kind)
            blocks = np.concatenate([blocks, made.view(np.uint8).reshape(-1, size)])
        except NotImplementedError:
            pass
        blocks = np.ascontiguousarray(blocks)
        values = dequantize(blocks.view(np.float32) if name == "F32" else blocks, kind)
        result[name] = {
            "bytes": blocks.tobytes().hex(),
            "values": np.ascontiguousarray(values, "<f4").tobytes().hex(),
        }
    print(json.dumps(result, indent=1))


main()

"""Step 5: a checkpoint as a Hugging Face folder, the one that is carried in the binary.

usage: export.py CHECKPOINT.pt TOKENIZER_FOLDER OUT [--assembler ../../CDefaultModel/files.S]

The assembler file is told the digest of what it embeds.

The safetensors header is padded with spaces so that the numbers start at a multiple of 64 bytes
(every tensor's size is one, too): where the file is mapped at a page, so is every tensor aligned.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import struct

import torch

import model


def bytes_of(tensor):
    return tensor.detach().to(torch.bfloat16).contiguous().view(torch.int16).numpy().tobytes()


def save(state, path):
    header, blocks, position = {"__metadata__": {"format": "pt"}}, [], 0
    for name, value in state.items():
        block = bytes_of(value)
        header["model." + name] = {"dtype": "BF16", "shape": list(value.shape),
                                   "data_offsets": [position, position + len(block)]}
        blocks.append(block)
        position += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for block in blocks:
            file.write(block)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("checkpoint")
    arguments.add_argument("tokenizer")
    arguments.add_argument("out")
    arguments.add_argument("--assembler")
    options = arguments.parse_args()
    os.makedirs(options.out, exist_ok=True)
    save(torch.load(options.checkpoint, weights_only=True)["model"], os.path.join(options.out, "model.safetensors"))
    for name, value in (("config.json", model.CONFIG), ("autoregembed.json", model.SETTINGS)):
        with open(os.path.join(options.out, name), "w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.write("\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(os.path.join(options.tokenizer, name), os.path.join(options.out, name))
    if options.assembler:
        with open(os.path.join(options.out, "model.safetensors"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        with open(options.assembler, encoding="utf-8") as file:
            text = file.read()
        with open(options.assembler, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(SHA-256: ).*", r"\g<1>" + digest, text))


if __name__ == "__main__":
    main()

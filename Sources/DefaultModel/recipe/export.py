"""The last step: a model as the folder that is carried in the binary.

usage: export.py MODEL OUT [--assembler ../../CDefaultModel/files.S]
       export.py CHECKPOINT.pt OUT --tokenizer FOLDER [--assembler …]

MODEL is a folder that `vdb train`, distil.py or PEFT wrote: a base with its LoRA adapter beside it, an adapter
that names its base's folder, or a model without one. CHECKPOINT.pt is what the scripts here train in model.py.

OUT gets the base in bfloat16 with config.json, the tokenizer's files and autoregembed.json, and, where there is
an adapter, adapter_config.json and adapter_model.safetensors, in bfloat16 too: transformers, PEFT and vdb load
it as it is, and without those two files the folder is the language model, the decoder. The assembler file is
told the digests of what it embeds.

The headers of the weights' files are padded with spaces so that the numbers start at a multiple of 64 bytes:
where a file is mapped at a page, and every tensor's size is such a multiple, every tensor is aligned.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import struct

import torch
from safetensors.torch import load_file

import model

WEIGHTS, ADAPTER, ADAPTER_SETTINGS = "model.safetensors", "adapter_model.safetensors", "adapter_config.json"


def save(state, path):
    header, blocks, position = {"__metadata__": {"format": "pt"}}, [], 0
    for name, value in state.items():
        block = value.detach().to(torch.bfloat16).contiguous().view(torch.int16).numpy().tobytes()
        header[name] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": [position, position + len(block)]}
        blocks.append(block)
        position += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for block in blocks:
            file.write(block)


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def write_json(value, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.write("\n")


def base_of(folder):
    """The folder itself where it holds weights, else the one that its adapter names."""
    if os.path.exists(os.path.join(folder, WEIGHTS)):
        return folder
    return os.path.join(folder, read_json(folder, ADAPTER_SETTINGS)["base_model_name_or_path"])


def export_folder(folder, out):
    base = base_of(folder)
    home = lambda name: folder if os.path.exists(os.path.join(folder, name)) else base
    settings = read_json(home("autoregembed.json"), "autoregembed.json")
    if settings.get("decoder") is not None:
        raise SystemExit(f"{folder}: its decoder is {settings['decoder']}, which would have to be carried as well; "
                         "export a model whose decoder is its own base, such as one with an adapter")
    configuration = read_json(base, "config.json")
    configuration["dtype" if "dtype" in configuration else "torch_dtype"] = "bfloat16"
    weights = load_file(os.path.join(base, WEIGHTS))
    if configuration.get("tie_word_embeddings"):
        weights.pop("lm_head.weight", None)
    save(weights, os.path.join(out, WEIGHTS))
    write_json(configuration, os.path.join(out, "config.json"))
    write_json(settings, os.path.join(out, "autoregembed.json"))
    if os.path.exists(os.path.join(folder, ADAPTER)):
        adapter = {key: value for key, value in read_json(folder, ADAPTER_SETTINGS).items() if value is not None}
        for key in ("target_modules", "modules_to_save"):
            if isinstance(adapter.get(key), list):  # PEFT keeps sets, in no order
                adapter[key].sort()
        write_json({**adapter, "base_model_name_or_path": ".", "inference_mode": True},
                   os.path.join(out, ADAPTER_SETTINGS))
        save(load_file(os.path.join(folder, ADAPTER)), os.path.join(out, ADAPTER))
    return home("tokenizer.json")


def export_checkpoint(path, out):
    state = torch.load(path, weights_only=True)["model"]
    save({"model." + name: value for name, value in state.items()}, os.path.join(out, WEIGHTS))
    write_json(model.CONFIG, os.path.join(out, "config.json"))
    write_json(model.SETTINGS, os.path.join(out, "autoregembed.json"))


def note_digests(assembler, out):
    with open(assembler, encoding="utf-8") as file:
        text = file.read()
    for name in (WEIGHTS, ADAPTER, "autoregembed.json"):
        digest, path = "none", os.path.join(out, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        text = re.sub(rf"(// {re.escape(name)} SHA-256: ).*", rf"\g<1>{digest}", text)
    with open(assembler, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model")
    arguments.add_argument("out")
    arguments.add_argument("--tokenizer")
    arguments.add_argument("--assembler")
    options = arguments.parse_args()
    if os.path.isfile(options.model) and not options.tokenizer:
        arguments.error("a checkpoint has no tokenizer: name its folder with --tokenizer")
    os.makedirs(options.out, exist_ok=True)
    for name in (ADAPTER, ADAPTER_SETTINGS):
        if os.path.exists(os.path.join(options.out, name)):
            os.remove(os.path.join(options.out, name))
    if os.path.isfile(options.model):
        export_checkpoint(options.model, options.out)
        tokenizer = options.tokenizer
    else:
        tokenizer = export_folder(options.model, options.out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(os.path.join(tokenizer, name), os.path.join(options.out, name))
    if options.assembler:
        note_digests(options.assembler, options.out)


if __name__ == "__main__":
    main()

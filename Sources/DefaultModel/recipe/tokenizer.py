"""Step 2: the tokenizer. Byte-level BPE, lower-cased, 16,384 entries with the control tokens.

usage: tokenizer.py DATA OUT/model

Text is lower-cased first and a space stands before its first word, so that a word is the same
token in a query, at a passage's start and inside it: a small vocabulary has none to waste.
`tokenizer.json` is written without white space; it is carried in the binary.
"""
import argparse
import json
import os
import subprocess

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL = ["<s>", "</s>"] + [f"<EMBED{i}>" for i in range(5)]
SIZE = 16_384
# Megabytes of text read of each file.
SHARES = {"wikipedia-en.00": 45, "wikipedia-en.03": 35, "wikinews-en.00": 12, "medquad-answers.00": 8}


def texts(folder):
    for name, megabytes in SHARES.items():
        left = megabytes * 1_000_000
        stream = subprocess.Popen(["zstd", "-dc", os.path.join(folder, name + ".jsonl.zst")], stdout=subprocess.PIPE)
        step = max(1, 170 // megabytes) if name.startswith("wikipedia") else 1
        for number, line in enumerate(stream.stdout):
            if number % step:
                continue
            text = json.loads(line)["text"]
            left -= len(text)
            yield text
            if left < 0:
                break
        stream.kill()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data")
    arguments.add_argument("out")
    options = arguments.parse_args()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=SPECIAL, show_progress=False, min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), max_token_length=24)
    tokenizer.train_from_iterator(texts(os.path.join(options.data, "text")), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 0)])
    assert tokenizer.get_vocab_size() == SIZE
    assert [tokenizer.token_to_id(t) for t in SPECIAL] == list(range(len(SPECIAL)))

    os.makedirs(options.out, exist_ok=True)
    whole = json.loads(tokenizer.to_str())
    # Rank order is id order, so each merge says its two halves only.
    with open(os.path.join(options.out, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(whole, file, ensure_ascii=False, separators=(",", ":"))
    token = lambda content: {"content": content, "lstrip": False, "normalized": False,
                             "rstrip": False, "single_word": False, "special": True}
    with open(os.path.join(options.out, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({
            "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
            "pad_token": "</s>", "add_bos_token": True, "add_eos_token": False,
            "clean_up_tokenization_spaces": False, "model_max_length": 1024,
            "added_tokens_decoder": {str(i): token(t) for i, t in enumerate(SPECIAL)},
        }, file, indent=1)


if __name__ == "__main__":
    main()

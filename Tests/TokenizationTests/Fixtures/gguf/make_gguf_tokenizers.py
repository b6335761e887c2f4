"""Makes GGUF files that hold tokenizers alone, with the ids that Hugging Face's library gives.

Each file is written by PyPI's `gguf` package from a tokenizer of families.json beside it, as
llama.cpp's converter does: the tokens in the order of their ids, their kinds, and merges, or for
`llama` scores. cases.json has the texts with the ids of that tokenizer:

    { "gpt-2": [ { "text": …, "ids": […], "special": […] }, … ], … }

"special" are the ids with the special tokens found in the text and put around it.

    make_gguf_tokenizers.py                  the files beside this script
    make_gguf_tokenizers.py FOLDER OUT PRE   one file from a folder's tokenizer.json

(gguf, tokenizers, transformers and numpy from PyPI)
"""

import json
import pathlib
import sys

import gguf
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).resolve().parent

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
SMOLLM = {
    "type": "Sequence",
    "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL],
}
# name of the file: family, its pre-tokenizer where it is another
FAMILIES = {
    "gpt-2": ("gpt2", None),
    "smollm": ("gpt2", SMOLLM),
    "llama-bpe": ("llama3", None),
    "qwen2": ("qwen2", None),
    "gpt-4o": ("o200k", None),
    "llama": ("llama2", None),
}


def plain(token):
    """Whether GGUF can say all about an added token."""
    return not (token["single_word"] or token["lstrip"] or token["rstrip"])


def with_merges_of_scores(tokenizer):
    """A SentencePiece model's merges follow from its scores: every way in which a token is two others,
    by the token's score, then by the ids of the parts. So are those of Llama 2's tokenizer.json."""
    model = tokenizer["model"]
    produced = {}
    for rank, merge in enumerate(model["merges"]):
        left, right = merge if isinstance(merge, list) else merge.split(" ")
        produced.setdefault(left + right, -float(rank))
    scores = {token: produced.get(token, -1000.0) for token in model["vocab"]}
    special = {token["content"] for token in tokenizer["added_tokens"]}
    for token in scores:
        if token in special or is_byte(token):
            scores[token] = 0.0
    vocabulary = model["vocab"]
    merges = []
    for token in vocabulary:
        if token in special or is_byte(token):
            continue
        for split in range(1, len(token)):
            left, right = token[:split], token[split:]
            if left in vocabulary and right in vocabulary:
                merges.append((-scores[token], vocabulary[left], vocabulary[right], left, right))
    model["merges"] = [[left, right] for *_, left, right in sorted(merges)]
    return scores


def is_byte(token):
    return len(token) == 6 and token.startswith("<0x") and token.endswith(">")


def write(path, tokenizer, pre, scores=None, begins=None, ends=None):
    vocabulary = dict(tokenizer["model"]["vocab"])
    added = {token["content"]: token for token in tokenizer["added_tokens"] or []}
    for token in added.values():
        vocabulary.setdefault(token["content"], token["id"])
    size = max(vocabulary.values()) + 1
    # As converters do where the embedding matrix has more rows than there are tokens.
    tokens = [f"[PAD{number}]" for number in range(size + 3)]
    kinds = [gguf.TokenType.UNUSED] * len(tokens)
    unknown = tokenizer["model"].get("unk_token")
    for token, number in vocabulary.items():
        tokens[number] = token
        if token == unknown:
            kinds[number] = gguf.TokenType.UNKNOWN
        elif token in added:
            special = added[token]["special"]
            kinds[number] = gguf.TokenType.CONTROL if special else gguf.TokenType.USER_DEFINED
        elif scores is not None and is_byte(token):
            kinds[number] = gguf.TokenType.BYTE
        else:
            kinds[number] = gguf.TokenType.NORMAL
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama" if scores is not None else "gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    if scores is not None:
        writer.add_token_scores([scores.get(token, -1000.0) for token in tokens])
        writer.add_unk_token_id(vocabulary[unknown])
    else:
        merges = tokenizer["model"]["merges"]
        writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    if begins is not None:
        writer.add_bos_token_id(begins)
        writer.add_add_bos_token(True)
    if ends is not None:
        writer.add_eos_token_id(ends)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    families = json.loads((HERE.parent / "families.json").read_text())
    cases = {}
    for name, (family, pre_tokenizer) in FAMILIES.items():
        tokenizer = families[family]["tokenizer"]
        tokenizer["added_tokens"] = [t for t in tokenizer["added_tokens"] if plain(t)]
        for token in tokenizer["added_tokens"]:
            token["normalized"] = False
        if pre_tokenizer:
            tokenizer["pre_tokenizer"] = pre_tokenizer
        scores = with_merges_of_scores(tokenizer) if name == "llama" else None
        reference = Tokenizer.from_str(json.dumps(tokenizer))
        begins, ends = reference.token_to_id("<s>"), reference.token_to_id("</s>")
        write(HERE / f"{name}.gguf", tokenizer, "default" if scores else name, scores, begins, ends)
        cases[name] = []
        for case in families[family]["cases"]:
            text = case["text"]
            plainly = Tokenizer.from_str(json.dumps(tokenizer))
            plainly.encode_special_tokens = True
            ids = reference.encode(text, add_special_tokens=False).ids
            cases[name].append(
                {
                    "text": text,
                    "ids": plainly.encode(text, add_special_tokens=False).ids,
                    "special": ([begins] if begins is not None else []) + ids,
                }
            )
    (HERE / "cases.json").write_text(json.dumps(cases, indent=1))


def convert(folder, out, pre):
    """A real tokenizer, for checks that keep nothing here. With PRE `llama`, scores are read from
    tokenizer.model, a SentencePiece file."""
    folder = pathlib.Path(folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    scores = None
    if pre == "llama":
        from transformers.convert_slow_tokenizer import import_protobuf

        model = import_protobuf().ModelProto()
        model.ParseFromString((folder / "tokenizer.model").read_bytes())
        scores = {piece.piece: piece.score for piece in model.pieces}
    write(out, tokenizer, pre, scores)


if __name__ == "__main__":
    convert(*sys.argv[1:]) if len(sys.argv) == 4 else main()

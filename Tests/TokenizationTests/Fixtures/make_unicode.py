"""Makes unicode.json beside this file, with Hugging Face's `tokenizers` (0.23): which characters its
Punctuation pre-tokenizer cuts at, and where Metaspace's `first` puts a mark after a normalizer that
changes the beginning; and tokens of two normal forms.

    python make_unicode.py
"""
import json
import os

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}


def punctuation():
    """As ranges, both ends included."""
    stage = pre_tokenizers.Punctuation("isolated")
    ranges = []
    for scalar in range(0x110000):
        if 0xD800 <= scalar < 0xE000 or len(stage.pre_tokenize_str(f"a{chr(scalar)}a")) != 3:
            continue
        if ranges and ranges[-1][1] == scalar - 1:
            ranges[-1][1] = scalar
        else:
            ranges.append([scalar, scalar])
    return ranges


TEXTS = [
    "a b", " a b", "  a b", "\u00a0a", "\ta", "``a'' b", "`a", "x``a", "é a", "e\u0301 a", "\u0301a",
    "\u00a8a", "½ a", "ÄB c", "\x01a b", "\x01 a", "a", " ", "▁a b", " ▁a", "<a> b", "日 a", "-- a", "ﬁ a",
    "\u0300\u0301 b", "İx", "가 a", "\u1100\u1161 a",
]

NORMALIZERS = {
    "none": None,
    "strip": normalizers.Strip(left=True, right=False),
    "strip both": normalizers.Strip(),
    "beginning": normalizers.Replace(Regex(r"^ +"), ""),
    "spaces": normalizers.Replace(Regex(" {2,}"), "▁"),
    "quotes": normalizers.Replace("``", '"'),
    "one quote": normalizers.Replace("`", "«»"),
    "prepend": normalizers.Prepend("x"),
    "prepend, strip": normalizers.Sequence([normalizers.Prepend(" "), normalizers.Strip()]),
    "prepend, replace": normalizers.Sequence([normalizers.Prepend("x"), normalizers.Replace("x", "")]),
    "strip, prepend": normalizers.Sequence([normalizers.Strip(), normalizers.Prepend("x")]),
    "nfd": normalizers.NFD(),
    "nfc": normalizers.NFC(),
    "nfkc": normalizers.NFKC(),
    "nfkd, strip": normalizers.Sequence([normalizers.NFKD(), normalizers.Strip()]),
    "nfd, accents": normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]),
    "accents": normalizers.StripAccents(),
    "nmt": normalizers.Nmt(),
    "lowercase": normalizers.Lowercase(),
    "nmt, nfkc, strip": normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]),
}

PRETOKENIZERS = {
    "metaspace": [],
    "after white space": [pre_tokenizers.WhitespaceSplit()],
    "after punctuation": [pre_tokenizers.Punctuation()],
}


def metaspace():
    out = []
    for normalizer, stage in NORMALIZERS.items():
        for pre, stages in PRETOKENIZERS.items():
            t = Tokenizer(models.BPE(VOCABULARY, []))
            if stage is not None:
                t.normalizer = stage
            t.pre_tokenizer = pre_tokenizers.Sequence(stages + [
                pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ])
            t.add_tokens(["<a>"])
            raw = json.loads(t.to_str())
            out.append({
                "name": f"{normalizer}, {pre}", "normalizer": raw["normalizer"],
                "pre_tokenizer": raw["pre_tokenizer"], "added_tokens": raw["added_tokens"],
                "ids": [t.encode(text, add_special_tokens=False).ids for text in TEXTS],
            })
    return out


def canonical():
    """Tokens that only differ in their normal form are different tokens."""
    forms = ["caf\u00e9", "cafe\u0301"]
    out = []
    for special in (False, True):
        t = Tokenizer(models.BPE({"a": 0, "\u00e9": 1, "e": 2, "\u0301": 3, "e\u0301": 4, "c": 5, "f": 6}, [("e", "\u0301")]))
        t.add_tokens([AddedToken(form, normalized=False, special=special) for form in forms])
        t.post_processor = processors.TemplateProcessing(
            single=f"{forms[0]} $A {forms[1]}", special_tokens=[(form, t.token_to_id(form)) for form in forms])
        texts = ["\u00e9", "e\u0301", "a" + forms[0], forms[1] + "c" + forms[0]]
        out.append({
            "tokenizer": t.to_str(), "forms": forms, "ids_of_forms": [t.token_to_id(form) for form in forms],
            "texts": texts, "ids": [t.encode(text).ids for text in texts],
        })
    return out


json.dump(
    {"canonical": canonical(), "punctuation": punctuation(), "vocabulary": VOCABULARY, "texts": TEXTS, "metaspace": metaspace()},
    open(os.path.join(HERE, "unicode.json"), "w"), separators=(",", ":"))

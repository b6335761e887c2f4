"""Makes wordpiece.json beside this file, with Hugging Face's `tokenizers` (0.23): WordPiece tokenizers, their ids and
texts, and which characters BertNormalizer takes out.

    python make_wordpiece.py
"""
import json
import os

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

HERE = os.path.dirname(os.path.abspath(__file__))
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyzßøłπλбв"
WORDS = SPECIAL + list(LETTERS) + ["##" + c for c in LETTERS] + list("0123456789.,!?'-\"()[]#$§日本語ハ한") + [
    "##é", "é", "A", "W", "##A", "un", "##aff", "##able", "##aft", "unaffa", "the", "##the", "caf", "##fe", "café",
    "naive", "##语", "语", "wing", "##s", "don", "t", "n't", "do", "not", "m", "'m", "##ing", "\u1112", "##\u1161", "##\u11ab",
]
TEXTS = [
    "", " ", "a", "unaffable", "UNAFFABLE unaffaft", "The wings' café, naïve CAFÉ cafe\u0301!", "don't do not I'm",
    "日本語 中文abc語", "한글 \u1112\u1161\u11ab 한", "ß ẞ ø Ø ł İ i\u0307 ﬁ", "\x00\x01\t\n\r\x7f\u0085a\u00a0b\u2028c\u3000d\ufeffe\u200bf\ufffdg\u00adh",
    "a" * 100, "a" * 101, "é" * 100, "é" * 101, "ab" * 40 + " the", "π λ Πλ бв БВ", "[SEP] [MASK]x [cls] [UNK]",
    "12,345.67 $5 §3 #tag -- (x)", "🙂 a🙂 \U0001f468\u200d\U0001f469", "q̃̃̃ a\u0301\u0323 \u0301", "\U00020000a\U0002b920b\uf900c",
    "xyz~`^|<>=+ ¿que? «the»", "the\u2019s “the” …", "##able ## #", "e\u0345 \u1734a \u1885 \U000111c9", "x\ue000y \U000f0000", "don n't wing s",
]


def tokenizer(**more):
    longest = more.pop("longest", 100)
    prefix = more.pop("prefix", "##")
    t = Tokenizer(models.WordPiece(
        {w.replace("##", prefix, 1) if w.startswith("##") else w: i for i, w in enumerate(dict.fromkeys(WORDS))},
        unk_token="[UNK]", max_input_chars_per_word=longest, continuing_subword_prefix=prefix))
    t.normalizer = normalizers.BertNormalizer(**more)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.decoder = decoders.WordPiece(prefix=prefix, cleanup=longest == 100)
    return t


def cases(t):
    out = []
    for text in TEXTS:
        t.encode_special_tokens = True
        ids = t.encode(text, add_special_tokens=False).ids
        t.encode_special_tokens = False
        out.append({"text": text, "ids": ids, "special": t.encode(text).ids, "decoded": t.decode(ids, skip_special_tokens=False)})
    return out


def ranges(numbers):
    out = []
    for n in numbers:
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return out


def taken(normalizer, before):
    """The characters of which nothing is left after `before`, which is left as it is."""
    return ranges(
        n for n in range(0x110000)
        if not 0xD800 <= n < 0xE000 and normalizer.normalize_str(before + chr(n)) == before)


off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
spacing = normalizers.BertNormalizer(**off | dict(handle_chinese_chars=True))
variants = {
    "uncased": tokenizer(), "cased": tokenizer(lowercase=False), "cased without accents": tokenizer(lowercase=False, strip_accents=True),
    "uncased with accents": tokenizer(strip_accents=False), "raw": tokenizer(**off), "short words": tokenizer(longest=5),
    "another prefix": tokenizer(prefix="@@"), "ideographs": tokenizer(handle_chinese_chars=False),
}
json.dump({
    "variants": {name: {"json": json.loads(t.to_str()), "cases": cases(t)} for name, t in variants.items()},
    "removed": taken(normalizers.BertNormalizer(**off | dict(clean_text=True)), "\u4e00"),
    "accents": taken(normalizers.BertNormalizer(**off | dict(strip_accents=True)), "\u4e00"),
    "spaced": ranges(
        n for n in range(0x110000) if not 0xD800 <= n < 0xE000
        and spacing.normalize_str(chr(n)) != chr(n)),
}, open(os.path.join(HERE, "wordpiece.json"), "w"))

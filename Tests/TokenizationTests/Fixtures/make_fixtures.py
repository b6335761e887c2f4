"""Makes families.json and stages.json beside this file, with Hugging Face's `tokenizers` (0.23):
small tokenizers of each family with the ids and texts that the library gives for nasty texts.

    python make_fixtures.py
"""
import json
import os

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import AddedToken, processors

HERE = os.path.dirname(os.path.abspath(__file__))
GPT2 = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

TRAINING = """The heron stands in the shallow water and waits. It does not move when the wind moves the
reeds; it doesn't move when the boats go by. We've watched it for an hour, and I'd say it's asleep.
In 1998 the river rose by 312 centimetres and the lower town was flooded: 47 houses, 2 bridges.
A database keeps what it is given. What has been acknowledged is there tomorrow, they'll tell you.
Der Fluß fließt ruhig; die Brücke über den Fluß ist alt. Le café près de la rivière était fermé.
def count(words): return {w: words.count(w) for w in set(words)}  # O(n**2), but who's counting?
Вода течёт под мостом. 水在桥下流过。 川の水は橋の下を流れる。 물은 다리 아래로 흐른다.""".splitlines()

TEXTS = [
    "", " ", "  ", "\n", "a", "The heron waits.", " leading", "trailing ", "two  spaces   three",
    "it's IT'S it'S it’s 'tis don't we'll WE'LL I'VE they'd 'sx", "'\u017f long s", "tabs\tand\r\nlines\n\n \n end",
    "1 12 123 1234 12345678 3.14 ٣٤٥ Ⅷ ½ x2y", "naïve café cafe\u0301 Å A\u030a \u212b e\u0327\u0301 e\u0301\u0327",
    "日本語 ひらがな カタカナ 한국어 \u1112\u1161\u11ab 中文", "हिन्दी ไทย עברית العربية Ελληνικός ΣΑΣ",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 𝒜𝔄 \U0010ffff", "\x00\x01\x7f\u0085\u00a0\u2028\u3000\ufeff\u200b\ufffd",
    "<s> </s> <unk> <EMBED0> <|end|> <tool> x<tool>y", "▁ ▁▁ _ <0x0A> Ġ Ċ", "(){}[]<>!?;:,.-—…\"'`~^|\\/@#$%&*+=",
    "a" * 100, "=" * 70, "ab" * 60 + " " + "word" * 30, " \n \t \n", "x\u00a0y\u2003z", "ﬁ ﬀ ² ㌔ Ⅳ ｶﾞ",
    "İstanbul ǅ ß ẞ ﬅ", "\u0344\u0345\u0340\u0300" + "\u0301\u0323" * 12, "snake_case camelCase HTTPServer x1y2z3",
]


def cases(t, decode=True):
    out = []
    for text in TEXTS:
        t.encode_special_tokens = True
        ids = t.encode(text, add_special_tokens=False).ids
        t.encode_special_tokens = False
        case = {"text": text, "ids": ids, "special": t.encode(text).ids}
        if decode:
            case["decoded"] = t.decode(ids, skip_special_tokens=False)
        out.append(case)
    return out


def special(content, **more):
    return AddedToken(content, special=True, normalized=more.pop("normalized", False), **more)


def byte_level(pre, normalizer=None, prefix=False):
    t = Tokenizer(models.BPE())
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=420, special_tokens=["<s>", "</s>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.add_special_tokens([special(f"<EMBED{i}>") for i in range(2)])
    t.add_tokens([AddedToken("<tool>", normalized=False), AddedToken("<|end|>", lstrip=True, rstrip=True),
                  AddedToken("heron", single_word=True)])
    return t


def split(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def sentencepiece(normalizer=None, pre=None, decoder=None, fallback=True, unknown="<unk>", fuse=True):
    t = Tokenizer(models.BPE(unk_token=unknown, byte_fallback=fallback, fuse_unk=fuse))
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    if decoder:
        t.decoder = decoder
    specials = ["<unk>", "<s>", "</s>"] + ([f"<0x{b:02X}>" for b in range(256)] if fallback else [])
    trainer = trainers.BpeTrainer(vocab_size=len(specials) + 200, special_tokens=specials, show_progress=False, limit_alphabet=70)
    # As SentencePiece trains: words apart, though the tokenizer has no pre-tokenizer afterwards.
    after = t.pre_tokenizer
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(TRAINING, trainer)
    raw = json.loads(t.to_str())
    raw["added_tokens"] = [a for a in raw["added_tokens"] if not a["content"].startswith("<0x")]
    raw["pre_tokenizer"] = json.loads(t_pre(after)) if after else None
    return Tokenizer.from_str(json.dumps(raw))


def t_pre(pre):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre
    return json.dumps(json.loads(t.to_str())["pre_tokenizer"])


LLAMA_NORMALIZER = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
LLAMA_DECODER = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])


def families():
    out = {}
    gpt2 = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    out["gpt2"] = gpt2
    out["gpt2 with a prefix space"] = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True))
    llama3 = byte_level(split(LLAMA3))
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 0)])])
    raw = json.loads(llama3.to_str())
    raw["model"]["ignore_merges"] = True
    # A token that no merge makes, which only ignore_merges finds.
    raw["model"]["vocab"]["Ġwaits"] = len(raw["model"]["vocab"])
    raw["added_tokens"] = []
    raw["post_processor"]["processors"][1]["special_tokens"]["<s>"]["ids"] = [0]
    out["llama3"] = Tokenizer.from_str(json.dumps(raw))
    out["qwen2"] = byte_level(split(QWEN2), normalizers.NFC())
    out["o200k"] = byte_level(split(O200K))
    llama2 = sentencepiece(LLAMA_NORMALIZER, None, LLAMA_DECODER)
    llama2.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    out["llama2"] = llama2
    out["metaspace, first"] = sentencepiece(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), LLAMA_DECODER)
    out["metaspace, always, split"] = sentencepiece(None, pre_tokenizers.Metaspace(), decoders.Metaspace())
    out["unknown, not fused"] = sentencepiece(LLAMA_NORMALIZER, None, LLAMA_DECODER, fallback=False, fuse=False)
    out["unknown, fused"] = sentencepiece(LLAMA_NORMALIZER, None, LLAMA_DECODER, fallback=False)
    return out


def stages():
    """A byte-level model without merges: the ids are the bytes left, cut by nothing; with the merges
    of doubled letters, where pieces end shows."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {c: i for i, c in enumerate(alphabet)}
    merges = []
    for a in "aeltx =\nĠĊ.13'":
        if a in vocab and a + a not in vocab:
            vocab[a + a] = len(vocab)
            merges.append([a, a])
    for a, b in [("Ġ", "a"), ("a", "b"), ("ab", "ab"), ("1", "2"), ("12", "3"), (".", "Ġ"), ("Ã", "¤")]:
        vocab.setdefault(a + b, len(vocab))
        merges.append([a, b])
    base = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": vocab, "merges": merges}}
    last = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}

    def pre(*found):
        return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": list(found) + [last]}}

    def cut(pattern, behavior="Isolated", invert=False, kind="Regex"):
        return pre({"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert})

    variants = {}
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            variants[f"Split {behavior} {invert}"] = cut(r"\p{L}|\d\d?", behavior, invert)
            variants[f"Split String {behavior} {invert}"] = cut(" ", behavior, invert, "String")
            variants[f"Split scanner {behavior} {invert}"] = cut(GPT2, behavior, invert)
        variants[f"Punctuation {behavior}"] = pre({"type": "Punctuation", "behavior": behavior})
    for pattern in [r"a+?b", r"(?:ab)+", r"(?:a|ab)(?:b|c)", r"\s++\S", r"x*+x", r"(?>a+)a", r"a(?=b)", r"a(?!b)", r"(?<=a)b", r"(?<!a)b",
                    r"\p{Lu}\p{Ll}+", r"[^\W\d_]+", r"[\p{L}&&[^a-e]]+", r"[[:punct:]]+", r"\w+(?i:'S)", r"(?i)THE|heron", r"\bw\w*", r"^.", r".$", r"\Aa|t\z",
                    r"[\u4e00-\u9fff]+", r"\x{65E5}", r"\p{Han}+", r"(?m).+", r".+", r"a{2,3}", r"a{3}?", r"a{2,3}?", r"(?:a{2}){2,}", r"(a*)*b?", r"(?:)", r"\p{^L}+",
                    r"(?x) a b # ab", r"(?:\d{3})+(?!\d)", r"\d{1,3}(?=(?:\d{3})*\b)", r"[^\r\n]", r"[]a]", r"[a\-z-]+", r"é|ﬁ"]:
        variants["Regex " + pattern] = cut(pattern, "Removed")
    for name in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"]:
        variants[name] = pre({"type": name})
    variants["Digits"] = pre({"type": "Digits", "individual_digits": False})
    variants["Digits one by one"] = pre({"type": "Digits", "individual_digits": True})
    variants["CharDelimiterSplit"] = pre({"type": "CharDelimiterSplit", "delimiter": "a"})
    variants["ByteLevel in the middle"] = {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}, {"type": "Split", "pattern": {"String": "Ġ"}, "behavior": "Removed", "invert": False}]}}
    for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"]:
        variants[name] = {"normalizer": {"type": name}, **pre()}
    for left in [True, False]:
        variants[f"Strip {left}"] = {"normalizer": {"type": "Strip", "strip_left": left, "strip_right": not left}, **pre()}
    variants["Replace Regex"] = {"normalizer": {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": "_"}, **pre()}
    variants["Replace then Prepend"] = {"normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Replace", "pattern": {"String": "a"}, "content": ""}, {"type": "Prepend", "prepend": "ab"}]}, **pre()}
    variants["ByteLevel normalizer"] = {"normalizer": {"type": "ByteLevel"}}
    variants["no ByteLevel at all"] = {}
    variants["prefix and suffix"] = {"pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": {"type": "BPEDecoder", "suffix": "</w>"}, "model": {
        **base["model"], "unk_token": "?", "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>",
        "vocab": {"?": 0, "a": 1, "##a": 2, "##b": 3, "##b</w>": 4, "ab</w>": 5, "aa": 6, "##c": 7, "a</w>": 8, "aab</w>": 9},
        "merges": [["a", "##b</w>"], ["a", "##a"], ["aa", "##b</w>"]]}}
    out = {}
    for name, variant in variants.items():
        t = Tokenizer.from_str(json.dumps({**base, **variant}))
        out[name] = {"changes": variant, "ids": [t.encode(x).ids for x in TEXTS]}
    return {"base": base, "texts": TEXTS, "variants": out}


def save(name, value):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")


save("families.json", {name: {"tokenizer": json.loads(t.to_str()), "cases": cases(t)} for name, t in families().items()})
save("stages.json", stages())

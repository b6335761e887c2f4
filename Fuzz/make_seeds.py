#!/usr/bin/env python3
"""Writes the seeds in Tests/FuzzTests/Corpus and the dictionaries in Fuzz/Dictionaries.

Run from the repository's root. Inputs that libFuzzer found (named found-*) are left alone.
"""

import json
import struct
import sys
from pathlib import Path

CORPUS = Path("Tests/FuzzTests/Corpus")
DICTIONARIES = Path("Fuzz/Dictionaries")
TESTS = Path("Tests")


def seed(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)


def dictionary(target, words):
    DICTIONARIES.mkdir(parents=True, exist_ok=True)
    lines = []
    for word in sorted(set(words)):
        quoted = "".join(
            chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\x{b:02x}" for b in word.encode()
        )
        lines.append(f'"{quoted}"\n')
    (DICTIONARIES / f"{target}.dict").write_text("".join(lines))


def words_of(value):
    """Keys and short strings of a JSON value, as they stand in the text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if len(key) < 40:
                yield json.dumps(key)
            yield from words_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_of(inner)
    elif isinstance(value, str) and 0 < len(value) < 60:
        yield json.dumps(value, ensure_ascii=False)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def smaller(tokenizer, tokens=40):
    """The tokenizer with the first tokens of its vocabulary alone."""
    result = json.loads(json.dumps(tokenizer))
    model = result["model"]
    kept = dict(sorted(model["vocab"].items(), key=lambda entry: entry[1])[:tokens])
    for special in result["added_tokens"]:
        kept.pop(special["content"], None)
    model["vocab"] = kept

    def pair(merge):
        return merge if isinstance(merge, list) else merge.split(" ")

    model["merges"] = [
        merge
        for merge in model["merges"]
        if all(part in kept for part in pair(merge)) and "".join(pair(merge)) in kept
    ]
    if model.get("unk_token") not in kept:
        model["unk_token"] = None
    return result


def values():
    texts = [
        '{"a":1,"b":[true,false,null],"c":{"d":"e"}}', "[]", "{}", '""', "0", "-0.0",
        '"\\ud83c\\udf4f \\u00e9 \\" \\\\ \\/ \\b\\f\\n\\r\\t\\u0000"', "[1e308,5e-324,0.1,1E+2]",
        "[9223372036854775808,-9223372036854775809,123456789012345678901234567890]",
        '{"\u00e9":1,"e\u0301":2}', " [ 1 , 2 ] ", "[" * 40 + "]" * 40,
        "{" + ",".join(f'"k{i}":{i}' for i in range(20)) + "}",
    ]
    for number, text in enumerate(texts):
        seed("json", f"seed-{number:02}", text)
    dictionary("json", ["true", "false", "null", "\\u", "\\ud800", "1e999", '{"', '":', "[[", "]]", '"a":'])


def tokenizers():
    words = []
    families = json.loads((TESTS / "TokenizationTests/Fixtures/families.json").read_text())
    for number, family in enumerate(families.values()):
        tokenizer = family["tokenizer"]
        seed("tokenizer", f"family-{number:02}", compact(smaller(tokenizer)))
        slim = {key: value for key, value in tokenizer.items() if key != "model"}
        words += words_of(slim) if len(compact(slim)) < 20_000 else []
        words += [json.dumps(key) for key in tokenizer["model"]]
    stages = json.loads((TESTS / "TokenizationTests/Fixtures/stages.json").read_text())
    base = smaller(stages["base"], 280)
    slim = smaller(stages["base"], 24)
    for number, variant in enumerate(stages["variants"].values()):
        changes = variant["changes"]
        words += words_of(changes)
        if number % 4 == 0 and len(compact(changes)) < 4000:
            seed("tokenizer", f"stage-{number:02}", compact(slim | changes))
    seed("tokenizer", "base", compact(base))
    dictionary("tokenizer", words + ['"BPE"', '"Sequence"', '"Regex"', '"String"', "\\\\p{L}"])


def configurations():
    words = []
    for path in sorted((TESTS / "TransformerTests/Fixtures").glob("*/config.json")):
        value = json.loads(path.read_text())
        seed("configuration", path.parent.name, compact(value))
        words += words_of(value)
    dictionary("configuration", words)


def safetensors(header, data):
    text = compact(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def checkpoints():
    def tensor(kind, shape, begin, end):
        return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}

    types = ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"]
    sizes = [8, 4, 2, 2, 8, 4, 2, 1, 1, 1]
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for kind, size in zip(types, sizes):
        header[kind.lower()] = tensor(kind, [2, 3], end, end + 6 * size)
        end += 6 * size
    seed("safetensors", "types", safetensors(header, bytes(range(end % 256)) + bytes(end - end % 256)))
    seed("safetensors", "one", safetensors({"w": tensor("F32", [3], 0, 12)}, bytes(12)))
    seed("safetensors", "scalar", safetensors({"w": tensor("F32", [], 0, 4)}, bytes(4)))
    seed("safetensors", "none", safetensors({}, b""))
    seed("safetensors", "empty-tensor", safetensors({"w": tensor("F16", [0, 5], 0, 0)}, b""))
    seed(
        "safetensors", "order",
        safetensors({"b": tensor("U8", [2], 2, 4), "a": tensor("U8", [2], 0, 2)}, b"abcd"),
    )
    dictionary("safetensors", list(words_of(header)) + ['"data_offsets":[0,', '"shape":['] + types)


def gguf_string(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def gguf(values, tensors, version=3):
    """values: key, type, bytes; tensors: name, sizes, type, bytes."""
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(values))
    for key, kind, data in values:
        out += gguf_string(key) + struct.pack("<I", kind) + data
    data = b""
    for name, sizes, kind, content in tensors:
        data += bytes(-len(data) % 32)
        out += gguf_string(name) + struct.pack(f"<I{len(sizes)}Q", len(sizes), *sizes)
        out += struct.pack("<IQ", kind, len(data))
        data += content
    return out + bytes(-len(out) % 32) + data


def gguf_array(kind, form, items):
    if kind == 8:
        return struct.pack("<IQ", 8, len(items)) + b"".join(map(gguf_string, items))
    return struct.pack(f"<IQ{len(items)}{form}", kind, len(items), *items)


def gguf_files():
    shape = [
        ("general.architecture", 8, gguf_string("llama")),
        *(
            (f"llama.{key}", 4, struct.pack("<I", value))
            for key, value in [
                ("embedding_length", 8), ("feed_forward_length", 8), ("block_count", 1),
                ("attention.head_count", 2), ("attention.head_count_kv", 1), ("context_length", 16),
            ]
        ),
        ("llama.attention.layer_norm_rms_epsilon", 6, struct.pack("<f", 1e-5)),
    ]
    words = [
        ("tokenizer.ggml.model", 8, gguf_string("gpt2")),
        ("tokenizer.ggml.pre", 8, gguf_string("qwen2")),
        ("tokenizer.ggml.tokens", 9, gguf_array(8, "", ["a", "b", "ab", "<s>", "[PAD]"])),
        ("tokenizer.ggml.token_type", 9, gguf_array(5, "i", [1, 1, 1, 3, 5])),
        ("tokenizer.ggml.merges", 9, gguf_array(8, "", ["a b"])),
        ("tokenizer.ggml.bos_token_id", 4, struct.pack("<I", 3)),
        ("tokenizer.ggml.add_bos_token", 7, b"\x01"),
    ]
    pieces = ["<unk>", "<s>", "<0x0A>", "\u2581", "a", "\u2581a", "aa", "x"]
    scores = [
        ("tokenizer.ggml.model", 8, gguf_string("llama")),
        ("tokenizer.ggml.tokens", 9, gguf_array(8, "", pieces)),
        ("tokenizer.ggml.token_type", 9, gguf_array(5, "i", [2, 3, 6, 1, 1, 1, 1, 4])),
        ("tokenizer.ggml.scores", 9, gguf_array(6, "f", [0, 0, 0, -1, -2, -3, -4, 0])),
    ]
    layer = [
        (f"blk.0.{name}.weight", sizes, 0, bytes(4 * sizes[0] * (sizes + [1])[1]))
        for name, sizes in [
            ("attn_norm", [8]), ("attn_q", [8, 8]), ("attn_k", [8, 4]), ("attn_v", [8, 4]),
            ("attn_output", [8, 8]), ("ffn_norm", [8]), ("ffn_gate", [8, 8]), ("ffn_up", [8, 8]),
            ("ffn_down", [8, 8]),
        ]
    ]
    tables = [("token_embd.weight", [8, 5], 0, bytes(160)), ("output_norm.weight", [8], 0, bytes(32))]
    seed("gguf", "model", gguf(shape + words, tables + layer))
    seed("gguf", "words", gguf(words, [], version=2))
    seed("gguf", "pieces", gguf(scores, []))
    seed("gguf", "blocks", gguf(shape, [("token_embd.weight", [32, 2], 3, bytes(40))]))
    nested = struct.pack("<IQ", 9, 2) + gguf_array(0, "B", [1, 2]) + gguf_array(12, "d", [0.5])
    kinds = [("b", 7, b"\x01"), ("f", 12, struct.pack("<d", 1e300)), ("n", 9, nested)]
    seed("gguf", "values", gguf([("general.alignment", 4, struct.pack("<I", 32)), *kinds], []))
    rope = [
        ("llama.rope.scaling.type", 8, gguf_string("yarn")),
        ("llama.rope.scaling.factor", 6, struct.pack("<f", 4)),
    ]
    seed("gguf", "rope", gguf(shape + rope, tables))
    dictionary(
        "gguf",
        [key for key, *_ in shape + words + scores + rope]
        + ["GGUF", "split.count", "split.no", "rope_freqs.weight", "token_embd.weight", "llama-bpe",
           "llama.pooling_type", "llama.attention.key_length", "linear", "longrope"],
    )


def change(kind, offset, data):
    return bytes([kind]) + offset.to_bytes(3, "big") + bytes([len(data)]) + data


def indexes():
    """Changes to sound files, as Fuzz/Targets/CacheFileInput.swift describes them."""
    for target, bases, magic in [
        ("graph", 6, b"vdb-hnsw\x02"), ("vectors", 6, b"vdb-vecs\x02"), ("lexical", 4, b"vdb-lexi\x01"),
    ]:
        for base in range(bases):
            seed(target, f"base-{base}", bytes([base, 1]))
        # The trailer's fields are 8 bytes each; the first 48 say whose cache it is.
        for field in range(0, 19):
            for name, value in [("one", 1), ("huge", (1 << 63) - 1)]:
                data = struct.pack("<Q", value)
                seed(target, f"field-{field:02}-{name}", bytes([1, 1]) + change(0, field * 8, data))
        for entry in range(4):
            data = struct.pack("<QQ", 4096, 12)
            place = 2048 + 8 + entry * 40 + 8
            seed(target, f"section-{entry}", bytes([2, 1]) + change(0, place, data))
        seed(target, "links", bytes([4, 1]) + change(2, 8192, b"\x01\x00\x00\x00" * 40))
        seed(target, "cut", bytes([3, 0]) + change(3, 2, b""))
        seed(target, "raw", bytes([255, 0]) + magic + bytes(8192 - len(magic)))


def records():
    jsonl = [
        '{"_id":"a","title":"T","text":"x","year":2020,"tags":["a","b"],"metadata":{"k":null}}\n',
        '{"id":7,"text":"\\u00e9\\ud83c\\udf4f\\n","n":1e-5,"b":true}\n\n{"text":"no id"}\n',
        '{"_id":"v","vector":[1,-2.5,3e2,0.1]}\r\n{"_id":"w","text":"","vector":[0,0,0,0]}\n',
        '{"_id":"d","text":"a"}\n{"_id":"d","text":"b"}{\n[1]\n{"text":1}\n',
    ]
    for number, text in enumerate(jsonl):
        seed("records", f"jsonl-{number}", b"\x00" + text.encode())
        seed("records", f"jsonl-skip-{number}", b"\x80" + text.encode())
    csv = [
        'id,title,text,year\n1,T,"a ""quoted"", field\nover lines",2020\n2,,b,true\n',
        "text;x\r\na;1.5\r\n\r\nb;-2e3\r\n", "id\ttext\n1\tone\n2\t\n",
        'id,text\n1,"never closed\n', "id,text\n1\n1,2,3\n",
    ]
    for number, text in enumerate(csv):
        seed("records", f"csv-{number}", b"\x01" + text.encode())
        seed("records", f"csv-skip-{number}", b"\x81" + text.encode())
    seed("records", "tsv-0", b"\x02d1\tfirst text\nd2\tsecond\ttab\n\n")
    seed("records", "tsv-1", b"\x82d1\nd2\t\xff\n\tx\n")
    seed("records", "auto-0", b'\x03\n {"text":"x"}\n')
    seed("records", "text-0", b"\x04A text.\n\nTwo paragraphs.\n")
    seed("records", "markdown-0", "\x05# Head\n\nText\n\n```\n# code\n```\n\n## Two\n| a | b |\n")
    vector = struct.pack("<i", 3) + struct.pack("<3f", 1, 2, 3)
    seed("records", "fvecs-0", b"\x06" + vector * 2)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    header += b" " * (64 - (10 + len(header) + 1) % 64) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    seed("records", "npy-0", b"\x07" + npy + struct.pack("<6f", *range(6)))
    import gzip

    seed("records", "gzip-0", b"\x00" + gzip.compress(jsonl[0].encode(), mtime=0))
    dictionary(
        "records",
        ['"_id":', '"id":', '"title":', '"text":', '"vector":[', '"metadata":{', "null", "true",
         "\\u0000", "\\ud800", "\r\n", '""', "1e999", "'descr': '<f4'", "'fortran_order': True",
         "'shape': (", "\ufeff"],
    )


def filters():
    expressions = [
        "lang = 'en' AND year >= 2020 AND tag IN ('a','b') AND NOT draft",
        "a = 1 OR b LIKE 'x%' AND NOT (tag = 'a')", "a BETWEEN 1 AND 2.5", "a IS NULL",
        "b IS NOT NULL AND b != 'x'", "\"a b\" = 1 OR \"\" = 3 OR \"\"\"\" = 'q'",
        "author.name = 'x'", "\"author.name\" = 'y'", "größe < 0", "2020 <= year",
        "a NOT IN (1, 2.5, 'x', TRUE)", "b NOT LIKE '_%'", "TRUE AND NOT FALSE",
        "a = 9223372036854775807", "a >= -9223372036854775808", "a = 9007199254740992.0",
        "a < 99999999999999999999", "b LIKE 'é\\_%'", "NOT NOT a", "((a))",
    ]
    words = [
        "AND", "OR", "NOT", "IN (", "LIKE '", "BETWEEN", "IS NULL", "IS NOT NULL", "TRUE",
        "FALSE", "<=", ">=", "!=", "<>", "==", "''", '"', "a", "b", "tag", "lang", "year",
        "draft", "author.name", "größe", "1e300", "-1", "9223372036854775807",
    ]
    for target in ["filter", "where"]:
        for number, text in enumerate(expressions):
            seed(target, f"seed-{number:02}", text)
        dictionary(target, words)


def evaluation():
    seed("run", "plain", "q1 Q0 d1 1 0.5 r\nq1 Q0 d2 2 0.5 r\nq2 Q0 d1 1 -1e3 r\n")
    seed("run", "numbers", "q Q0 a 1 inf r\nq Q0 b 2 1e-45 r\nq Q0 c 3 0x1p3 r\nq Q0 d 4 -0 r\n")
    seed("run", "spaces", "  q1\tQ0  d1 1\t2.25 r \r\n\n")
    seed("run", "twice", "q1 Q0 d1 1 1 r\nq1 Q0 d1 2 1 r\n")
    seed("judgments", "trec", "q1 0 d1 2\nq1 0 d2 0\nq2 0 d1 -1\n")
    seed("judgments", "beir", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td 2\t3\n")
    seed("judgments", "plain", "q1\td1\t1\n\nq1\td1\t1\r\n")
    seed("judgments", "conflict", "q1 0 d1 2\nq1 0 d1 1\n")
    dictionary("run", ["Q0", "nan", "inf", "1e999", "\t", "\r\n", " Q0 d1 1 1 r\n"])
    dictionary("judgments", ["query-id\tcorpus-id\tscore\n", "\t1\n", " 0 d1 1\n", "9223372036854775807"])


def settings():
    full = {
        "compressed_tokens": ["<E0>", "<E1>"], "pooling": "compressed", "normalize": True,
        "max_length": 512, "decoder": "..", "decoder_fingerprint": "ab", "decoder_vocabulary": 99,
        "template": "{bos}{text} {instruction}{compressed_tokens}",
        "instructions": {"retrieval": {"next": "n", "self": "s"}, "sts": {"next": "n"}},
    }
    seed("settings", "full", compact(full))
    seed("settings", "last", '{"pooling":"last","compressed_tokens":0}')
    seed("settings", "count", '{"compressed_tokens":5,"decoder":null}')
    for path in sorted(TESTS.glob("*/Fixtures/*/autoregembed.json")):
        seed("settings", path.parent.name, path.read_bytes())
    dictionary("settings", list(words_of(full)) + ["{text}", "{bos}", "{instruction}", '"mean"', '"last"'])


def messages():
    def request(id, method, **parameters):
        return {"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}

    def call(id, name, **arguments):
        return request(id, "tools/call", name=name, arguments=arguments)

    modern = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "x", "version": "1"},
    }
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    lines = {
        "handshake": [
            request(1, "initialize", protocolVersion="2025-06-18", capabilities={}),
            {"jsonrpc": "2.0", "method": "notifications/initialized"}, request("a", "ping"),
        ],
        "modern": [
            request(1, "server/discover", _meta=modern), request(2.5, "tools/list", _meta=modern),
            request(3, "tools/list", _meta={**modern, "io.modelcontextprotocol/protocolVersion": "x"}),
        ],
        "search": [
            call(1, "search", query="a", k=3, mode="hybrid", where="a = 1", after_rank=2), cancel,
            call(1, "search", query="a", wehre="a"), call(2, "frobnicate"),
        ],
        "others": [
            call(1, "get", ids=["a", "b"], offset=20000), call(2, "stats", collection="a"),
            call(3, "delete", ids=[]),
            call(4, "add", documents=[{"id": "a", "text": "b", "metadata": {"c": [1]}}], on_conflict="skip"),
        ],
        "array": [[request(1, "ping"), cancel, 3, {"jsonrpc": "2.0", "id": 4, "result": {}}], []],
    }
    for name, messages in lines.items():
        seed("messages", name, "".join(compact(message) + "\n" for message in messages))
    seed("messages", "no-json", 'GET / HTTP/1.1\r\n\r\n{"jsonrpc":"2.0","id":1,"id":2}\n\xff\n"' + "x" * 20000)
    words = {word for messages in lines.values() for message in messages for word in words_of(message)}
    dictionary("messages", list(words) + ["\n"])


def main():
    for make in [
        values, tokenizers, configurations, checkpoints, gguf_files, indexes, records, filters, evaluation,
        settings, messages,
    ]:
        make()
    return 0


if __name__ == "__main__":
    sys.exit(main())

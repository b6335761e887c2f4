"""Makes the tiny encoders beside this file, with what transformers and sentence-transformers compute.

    plain/        a bare BertModel with a pooler, float32; no modules.json
    masked/       a BertForMaskedLM: prefix `bert.`, gamma and beta, gelu_new, float16, one token type
    vocabulary/   cased, vocab.txt instead of a tokenizer.json, relu, heads of odd width
    mean/         sentence-transformers: mean, Normalize; bfloat16, odd widths
    cls/          sentence-transformers in folders of their own: cls, Dense, Normalize, prompts
    expected.json by folder: each text's ids and vector; of plain and masked also its states

All are computed in float32 from the weights as they are stored.

usage: make_encoders.py     (torch, transformers 5, sentence-transformers 6, tokenizers and safetensors from PyPI)
"""

import json
import os
import shutil

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import WordPiece
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, BertModel, PreTrainedTokenizerFast

HERE = os.path.dirname(os.path.abspath(__file__))
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TRAINING = """The heron stands in the shallow water and waits. It does not move when the wind moves the
reeds; it doesn't move when the boats go by. A wing moves air down, and the air lifts the wing.
Le café près de la rivière était fermé. Der Fluß fließt ruhig; die Brücke ist alt.""".splitlines()
TEXTS = [
    "a",
    "A wing moves air down.",
    "The heron waits; it doesn't move when the boats go by, does it?",
    "naïve café — 日本語 🙂\ttab \u0000\u200b\ufffd end",
    "a literal [SEP] and [MASK] in the text",
    "heron " * 30,
    "x" * 120 + " after a long word",
    "",
]


def folder(name):
    path = os.path.join(HERE, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def tokenizer(lowercase=True):
    t = Tokenizer(WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(TRAINING, trainers.WordPieceTrainer(vocab_size=180, special_tokens=SPECIAL, show_progress=False))
    # Ids by name, so that the same file comes out each time.
    words = SPECIAL + sorted(set(t.get_vocab()) - set(SPECIAL))
    model = Tokenizer(WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    model.normalizer, model.pre_tokenizer = t.normalizer, t.pre_tokenizer
    model.add_special_tokens(SPECIAL)
    model.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    model.decoder = decoders.WordPiece()
    return model, words


def save_tokenizer(path, model, length):
    PreTrainedTokenizerFast(
        tokenizer_object=model, model_max_length=length, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]",
    ).save_pretrained(path)


def bert(path, words, kind=BertModel, dtype=torch.float32, seed=0, **settings):
    torch.manual_seed(seed)
    settings = dict(hidden_size=32, num_attention_heads=4, num_hidden_layers=2, intermediate_size=48, max_position_embeddings=64) | settings
    model = kind(BertConfig(vocab_size=len(words), **settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(1 if "LayerNorm.weight" in name else 0, 0.3 if parameter.dim() == 1 else 0.2)
    model.to(dtype).save_pretrained(path)
    return path


def plain(path):
    """Ids, states and the normalized mean."""
    t = AutoTokenizer.from_pretrained(path)
    model = BertModel.from_pretrained(path, dtype=torch.float32).eval()
    out = []
    for text in TEXTS:
        encoded = t(text, truncation=True, max_length=64, return_tensors="pt")
        with torch.no_grad():
            states = model(**encoded).last_hidden_state[0]
        out.append({
            "text": text, "ids": encoded["input_ids"][0].tolist(), "states": states.flatten().tolist(),
            "vector": F.normalize(states.mean(0), dim=0).tolist(),
        })
    return {"none": out}


def sentences(path):
    model = SentenceTransformer(path, device="cpu", model_kwargs={"dtype": torch.float32})
    out = {}
    for use in ["none", "query", "document"]:
        name = use if use in model.prompts else None
        prompt = model.prompts[name] if name else ""
        out[use] = [{
            "text": text, "ids": model.tokenize([prompt + text])["input_ids"][0].tolist(),
            "vector": model.encode(text, prompt=prompt, show_progress_bar=False).tolist(),
        } for text in TEXTS]
    return out


uncased, words = tokenizer()
cased, cased_words = tokenizer(lowercase=False)
expected = {}

path = bert(folder("plain"), words)
save_tokenizer(path, uncased, 64)
expected["plain"] = plain(path)

path = bert(folder("masked"), words, BertForMaskedLM, torch.float16, 1, hidden_act="gelu_new", layer_norm_eps=1e-5, type_vocab_size=1, hidden_size=24, num_attention_heads=3)
save_tokenizer(path, uncased, 64)
expected["masked"] = plain(path)
weights = os.path.join(path, "model.safetensors")
save_file({
    name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
    for name, tensor in load_file(weights).items()
}, weights, metadata={"format": "pt"})

path = bert(folder("vocabulary"), cased_words, seed=2, hidden_act="relu", hidden_size=21, num_attention_heads=3, num_hidden_layers=1, layer_norm_eps=1e-3)
with open(os.path.join(path, "vocab.txt"), "w") as file:
    file.write("\n".join(cased_words) + "\n")
json.dump({"tokenizer_class": "BertTokenizer", "do_lower_case": False, "model_max_length": 64}, open(os.path.join(path, "tokenizer_config.json"), "w"))
expected["vocabulary"] = plain(path)

path = bert(folder("mean"), words, dtype=torch.bfloat16, seed=3, hidden_size=30, num_attention_heads=6, num_hidden_layers=3, intermediate_size=47)
save_tokenizer(path, uncased, 64)
transformer = models.Transformer(path)
SentenceTransformer(modules=[transformer, models.Pooling(30, "mean"), models.Normalize()], device="cpu").save(path + "-made")
shutil.rmtree(path)
os.rename(path + "-made", path)
expected["mean"] = sentences(path)

path = bert(folder("cls-base"), words, seed=4)
save_tokenizer(path, uncased, 64)
torch.manual_seed(5)
made = folder("cls")
SentenceTransformer(
    modules=[models.Transformer(path, max_seq_length=20), models.Pooling(32, "cls"), models.Dense(32, 20), models.Normalize()],
    prompts={"query": "query: ", "document": "passage: "}, device="cpu",
).save(made)
shutil.rmtree(path)
# As older versions write it: the first module in a folder of its own.
os.mkdir(os.path.join(made, "0_Transformer"))
for name in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json", "special_tokens_map.json"]:
    if os.path.exists(os.path.join(made, name)):
        os.rename(os.path.join(made, name), os.path.join(made, "0_Transformer", name))
modules = json.load(open(os.path.join(made, "modules.json")))
modules[0]["path"] = "0_Transformer"
json.dump(modules, open(os.path.join(made, "modules.json"), "w"), indent=1)
expected["cls"] = sentences(made)

for name in ["mean", "cls"]:
    for extra in ["README.md"]:
        if os.path.exists(os.path.join(HERE, name, extra)):
            os.remove(os.path.join(HERE, name, extra))


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


json.dump(rounded(expected), open(os.path.join(HERE, "expected.json"), "w"), ensure_ascii=True)

"""Makes sentences/ beside this file: folders of sentence-transformers around tiny random models, with
the vectors that sentence-transformers gives.

    sentences/qwen3      last token, an end token from the post-processor, prompts: as Qwen3-Embedding
    sentences/mistral    last token, begin and end tokens, Dense, nothing normalized; as version 2 wrote it
    sentences/llama      mean, the model in a folder of its own, two Dense, a default prompt
    sentences/vectors.json

usage: make_sentences.py    (sentence-transformers 6 and torch from PyPI; after make_fixtures.py)
"""

import json
import os
import shutil

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, processors
from transformers import LlamaConfig, LlamaModel, MistralConfig, MistralModel, Qwen3Config, Qwen3Model

HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = ["a", "A wing lifts the air.", "naïve café — 日本語 🙂", "named </s> and <EMBED0>", "long " * 30, ""]
SHAPE = dict(vocab_size=263, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
             num_key_value_heads=1, head_dim=8, max_position_embeddings=128, bos_token_id=0, eos_token_id=1)


def language_model(seed, kind, config, single):
    folder = os.path.join(HERE, "sentences", "model")
    torch.manual_seed(seed)
    model = kind(config(**SHAPE))
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.2) if p.dim() > 1 else p.add_(torch.randn_like(p) * 0.1)
    model.save_pretrained(folder)
    t = Tokenizer.from_file(os.path.join(HERE, "base", "tokenizer.json"))
    t.post_processor = processors.TemplateProcessing(single=single, special_tokens=[("<s>", 0), ("</s>", 1)])
    t.save(os.path.join(folder, "tokenizer.json"))
    settings = json.load(open(os.path.join(HERE, "base", "tokenizer_config.json")))
    settings.update(pad_token="</s>", model_max_length=48)
    json.dump(settings, open(os.path.join(folder, "tokenizer_config.json"), "w"))
    return folder


def edit(path, change):
    value = json.load(open(path))
    json.dump(change(value) or value, open(path, "w"), indent=1)


def make(name, seed, kind, config, single, parts, after=lambda folder: None, **settings):
    folder = os.path.join(HERE, "sentences", name)
    base = language_model(seed, kind, config, single)
    modules = [models.Transformer(base)] + parts()
    SentenceTransformer(modules=modules, **settings).save_pretrained(folder, create_model_card=False)
    shutil.rmtree(base)
    after(folder)
    model = SentenceTransformer(folder, device="cpu")
    # Version 6 adds an empty prompt for documents; before, `passage` was theirs.
    document = dict(prompt_name="passage") if "passage" in model.prompts else {}
    def vectors(encode, **more):
        return [encode([text], convert_to_numpy=True, **more)[0].tolist() for text in TEXTS]
    return {
        "next": vectors(model.encode_query), "self": vectors(model.encode_document, **document),
        "none": vectors(model.encode, prompt=""), "Say: ": vectors(model.encode, prompt="Say: "),
        "dimensions": model.get_embedding_dimension(),
    }


def version2(folder):
    """The names and keys that earlier versions wrote."""
    def names(modules):
        for module in modules:
            module["type"] = "sentence_transformers.models." + module["type"].split(".")[-1]
    edit(os.path.join(folder, "modules.json"), names)
    edit(os.path.join(folder, "config_sentence_transformers.json"), lambda c: c["prompts"].pop("document") and None)
    json.dump({"max_seq_length": 24, "do_lower_case": False}, open(os.path.join(folder, "sentence_bert_config.json"), "w"))
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
    edit(os.path.join(folder, "1_Pooling", "config.json"), lambda _: {
        "word_embedding_dimension": 16, **{f"pooling_mode_{m}": m == "lasttoken" for m in modes}, "include_prompt": True})
    edit(os.path.join(folder, "2_Dense", "config.json"), lambda c: {
        k: c[k] for k in ("in_features", "out_features", "bias", "activation_function")})


def own_folder(folder):
    os.makedirs(os.path.join(folder, "0_Transformer"))
    for file in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json"):
        shutil.move(os.path.join(folder, file), os.path.join(folder, "0_Transformer", file))
    def path(modules):
        modules[0]["path"] = "0_Transformer"
    edit(os.path.join(folder, "modules.json"), path)


shutil.rmtree(os.path.join(HERE, "sentences"), ignore_errors=True)
vectors = {
    "qwen3": make(
        "qwen3", 1, Qwen3Model, Qwen3Config, "$A </s>",
        lambda: [models.Pooling(16, pooling_mode="lasttoken"), models.Normalize()],
        prompts={"query": "Instruct: find it\nQuery:", "document": ""}),
    "mistral": make(
        "mistral", 2, MistralModel, MistralConfig, "<s> $A </s>",
        lambda: [models.Pooling(16, pooling_mode="lasttoken"), models.Dense(16, 8, activation_function=torch.nn.Tanh())],
        version2, prompts={"query": "Q: ", "passage": "P: "}),
    "llama": make(
        "llama", 3, LlamaModel, LlamaConfig, "<s> $A",
        lambda: [models.Pooling(16, pooling_mode="mean"), models.Dense(16, 12, bias=False, activation_function=torch.nn.Identity()),
                 models.Dense(12, 16, activation_function=torch.nn.GELU()), models.Normalize()],
        own_folder, prompts={"query": "search: ", "other": "about: "}, default_prompt_name="other"),
}
json.dump({"texts": TEXTS, "vectors": vectors}, open(os.path.join(HERE, "sentences", "vectors.json"), "w"))
for path, _, files in os.walk(os.path.join(HERE, "sentences")):
    for file in files:
        if file == "README.md":
            os.remove(os.path.join(path, file))

"""A tiny model and what PyTorch makes of it: losses of every stage, similarity and strategy.

usage: make_fixtures.py .     (needs torch, transformers, tokenizers, safetensors)

tiny/            a Llama with compressed tokens (k = 2) and their autoregembed.json
bare/            the same architecture without them
rows.jsonl, instructions.jsonl, texts.jsonl     training data
losses.json      the first losses of each case, in float64, and the weights after them: of each the sum
                 over i of w_i cos(i), i its place in the flattened tensor
"""
import json, os, random, sys
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

OUT = sys.argv[1] if __name__ == "__main__" else os.path.dirname(os.path.abspath(__file__))
K, STEPS, BATCH, RATE, BETA = 2, 4, 2, 1e-3, 0.1
NEXT = "Use one word to represent the query in a retrieval task. The word is: “"
SELF = "Use one word to represent the passage in a retrieval task. The word is: “"
PREVIOUS = "Use a word to express the question that this article can answer:“"
random.seed(7)
WORDS = "the wing of a plane lifts it when air flows faster above than below".split()
sentence = lambda n: " ".join(random.choice(WORDS) for _ in range(n))
ROWS = [dict(query=sentence(random.randint(2, 5)), pos=[sentence(random.randint(3, 8))],
             neg=[sentence(random.randint(3, 8)) for _ in range(2)]) for _ in range(STEPS * BATCH)]
INSTRUCTIONS = [dict(context=sentence(random.randint(3, 9)), instruction="Summarise.",
                     output=sentence(random.randint(2, 6))) for _ in range(STEPS * BATCH)]
TEXTS = [dict(text=sentence(random.randint(4, 12))) for _ in range(STEPS * BATCH)]


def save(name, tokens):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator([" ".join(WORDS)] * 4, trainers.BpeTrainer(
        vocab_size=280, special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    fast = PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<s>", eos_token="</s>")
    fast.add_special_tokens({"additional_special_tokens": tokens})
    torch.manual_seed(5)
    config = LlamaConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, vocab_size=len(fast),
                         max_position_embeddings=256, tie_word_embeddings=True,
                         bos_token_id=0, eos_token_id=1)
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.25) if p.dim() > 1 else p.add_(torch.randn_like(p) * 0.1)
    folder = os.path.join(OUT, name)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    json.dump({"compressed_tokens": K, "normalize": True, "max_length": 64},
              open(os.path.join(folder, "autoregembed.json"), "w"), indent=1)


def dump(name, rows):
    with open(os.path.join(OUT, name), "w") as f:
        f.writelines(json.dumps(r) + "\n" for r in rows)


class Reference:
    def __init__(self):
        folder = os.path.join(OUT, "tiny")
        self.tok = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        load = lambda: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
        self.enc, self.dec = load(), load()
        for p in self.dec.parameters():
            p.requires_grad_(False)
        self.marks = [self.tok.token_to_id(f"<EMBED{i}>") for i in range(K)]

    def ids(self, s):
        return self.tok.encode(s, add_special_tokens=False).ids

    def states(self, text, instruction, marks):
        x = [0] + self.ids(text + "\n") + self.ids(instruction + "\n") + marks
        return self.enc.model(torch.tensor([x])).last_hidden_state[0]

    def e(self, text, instruction):
        return self.states(text, instruction, self.marks)[-K:]

    def v(self, text, instruction, pooling):
        if pooling == "compressed":
            return self.e(text, instruction).mean(0)
        states = self.states(text, instruction, [])
        return states[-1] if pooling == "last" else states.mean(0)

    def logits(self, target, e):
        ids = torch.tensor(self.ids(target) + [1])
        x = torch.cat([e, self.dec.model.embed_tokens(ids)])[None]
        return self.dec(inputs_embeds=x).logits[0, K - 1: K - 1 + len(ids)], ids

    def logp(self, target, e):
        logits, ids = self.logits(target, e)
        return logits.log_softmax(-1).gather(1, ids[:, None]).sum()


def compress(r, rows):
    total = count = 0
    for row in rows:
        total = total - r.logp(row["output"], r.e(row["context"], row["instruction"]))
        count += len(r.ids(row["output"])) + 1
    return total / count


def pretrain(r, rows):
    total = count = 0
    for row in rows:
        ids = torch.tensor([0] + r.ids(row["text"]) + [1])
        logits = r.enc(ids[None]).logits[0, :-1]
        total = total + F.cross_entropy(logits, ids[1:], reduction="sum")
        count += len(ids) - 1
    return total / count


def contrast(r, rows, in_batch, pooling="compressed"):
    v = lambda t, i: F.normalize(r.v(t, i, pooling), dim=-1)
    queries = [v(x["query"], NEXT) for x in rows]
    documents = [[v(d, SELF) for d in x["pos"] + x["neg"]] for x in rows]
    losses = []
    for i, q in enumerate(queries):
        others = [d for j, ds in enumerate(documents) if j != i for d in ds] if in_batch else []
        z = torch.stack([q @ d for d in documents[i] + others]) / 0.02
        losses.append(torch.logsumexp(z, 0) - z[0])
    return torch.stack(losses).mean()


def pairs_of(row, strategy):
    """(target, text, instruction) of every score that a strategy compares with a reference"""
    q, p, n = row["query"], row["pos"][0], row["neg"]
    pairs = [(x, q, NEXT) for x in [p] + n]
    if strategy in (1, 2):
        pairs += [(q, x, PREVIOUS) for x in [p] + n]
    if strategy == 3:
        pairs += [(x, p, SELF) for x in [p] + n]
    if strategy == 4:
        pairs += [(x, m, SELF) for m in n for x in (m, p)]
    return pairs


def align(r, rows, similarity, strategy, refs, tau=0.05):
    sim = {"sigmoid": lambda x: -torch.sigmoid(x), "tanh": lambda x: -torch.tanh(x),
           "log-sigmoid": lambda x: -F.logsigmoid(x)}.get(similarity)
    losses = []
    for row in rows:
        q, p, n = row["query"], row["pos"][0], row["neg"]
        if sim is None:
            def divergence(document):
                a = r.logits(p, r.e(document, SELF))[0].log_softmax(-1)
                b = r.logits(p, r.e(q, NEXT))[0].log_softmax(-1)
                if similarity == "kl":
                    d = (a.exp() * (a - b)).sum(-1)
                else:
                    m = ((a.exp() + b.exp()) / 2).log()
                    d = 0.5 * (a.exp() * (a - m)).sum(-1) + 0.5 * (b.exp() * (b - m)).sum(-1)
                return -torch.sigmoid(d.mean())
            s = [divergence(p)] + [divergence(m) for m in n]
        else:
            lp = lambda x, t, i: r.logp(x, r.e(t, i))
            ratio = lambda x, t, i: lp(x, t, i) - refs[(x, t, i)]
            own = [] if strategy == 1 else [
                sim(BETA * (lp(p, q, NEXT) - lp(p, p, SELF)).abs())]
            if strategy in (1, 2):
                own.append(sim(BETA * (lp(q, q, SELF) - lp(q, p, PREVIOUS)).abs()))
            s = [sum(own) / len(own)]
            for m in n:
                terms = [] if strategy == 1 else [(ratio(p, q, NEXT), ratio(m, q, NEXT))]
                if strategy in (1, 2):
                    terms.append((ratio(q, p, PREVIOUS), ratio(q, m, PREVIOUS)))
                if strategy == 3:
                    terms.append((ratio(p, p, SELF), ratio(m, p, SELF)))
                if strategy == 4:
                    terms.append((ratio(m, m, SELF), ratio(p, m, SELF)))
                s.append(sum(sim(BETA * (a - b)) for a, b in terms) / len(terms))
        z = torch.stack(s) / tau
        losses.append(torch.logsumexp(z, 0) - z[0])
    return torch.stack(losses).mean()


def run(loss, rows, prepare=None):
    """The losses, and the encoder's weights after them."""
    r = Reference()
    facts = prepare(r) if prepare else None
    parameters = list(r.enc.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
    losses = []
    for step in range(STEPS):
        batch = rows[step * BATCH:(step + 1) * BATCH]
        value = loss(r, batch, facts) if prepare else loss(r, batch)
        losses.append(value.item())
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
    return losses, {n: p.detach() for n, p in r.enc.named_parameters() if n != "lm_head.weight"}


def references(strategy):
    def prepare(r):
        with torch.no_grad():
            return {pair: r.logp(pair[0], r.e(pair[1], pair[2]))
                    for row in ROWS for pair in pairs_of(row, strategy)}
    return prepare


# What each case trains on and how, by the name that the tests have for it.
CASES = {
    "compress": (compress, INSTRUCTIONS), "pretrain": (pretrain, TEXTS),
    "contrast": (lambda r, b: contrast(r, b, False), ROWS),
    "contrast in-batch": (lambda r, b: contrast(r, b, True), ROWS),
    "contrast last": (lambda r, b: contrast(r, b, False, "last"), ROWS),
    "contrast in-batch mean": (lambda r, b: contrast(r, b, True, "mean"), ROWS)}
for similarity, strategy in [("sigmoid", 0), ("sigmoid", 1), ("sigmoid", 2), ("sigmoid", 3),
                             ("sigmoid", 4), ("tanh", 0), ("log-sigmoid", 0), ("log-sigmoid", 4),
                             ("kl", 0), ("js", 0)]:
    CASES[f"align {similarity} {strategy}"] = (
        lambda r, b, refs, similarity=similarity, strategy=strategy: align(
            r, b, similarity, strategy, refs), ROWS, references(strategy))


def signature(weights):
    flat = weights.double().flatten()
    return float((flat * torch.arange(len(flat), dtype=torch.float64).cos()).sum())


if __name__ == "__main__":
    save("tiny", [f"<EMBED{i}>" for i in range(K)])
    save("bare", [])
    dump("rows.jsonl", ROWS)
    dump("instructions.jsonl", INSTRUCTIONS)
    dump("texts.jsonl", TEXTS)
    found = {}
    for name, case in CASES.items():
        losses, weights = run(*case)
        found[name] = dict(losses=losses, weights={n: signature(w) for n, w in weights.items()})
        print(name, ["%.5f" % x for x in losses])
    json.dump(found, open(os.path.join(OUT, "losses.json"), "w"), indent=1)

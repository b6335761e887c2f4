"""Step 1: what the student reads. Short texts (queries) paired with passages, one pair a line.

usage: texts.py DATA OUT/pairs.jsonl [--count 240000]

DATA holds `pairs/*.jsonl` and `text/*.jsonl.zst`. Sets whose licence does not allow commercial use
are not read (see `ALLOWED`). Nothing judged (`retrieval/`, `sts/`) is read either.

Most queries are made from the passage: its title, a run of its words, a handful of its rarer
words, a sentence. The teacher says how alike any two texts are, so a made-up query needs no judge.
"""
import argparse
import json
import os
import random
import re
import subprocess

ALLOWED = {
    "openqa-wikipedia-distant",  # Wikipedia, CC BY-SA; questions of NQ, TriviaQA, SQuAD, WebQuestions
    "medquad",  # CC BY 4.0
    "wikinews-title-body",  # CC BY 2.5
    "snli-dev-test",  # CC BY-SA 4.0
    "autoregembed-medi-nli",  # SNLI and MultiNLI samples
    "t0-reading-comprehension",  # only the sources of T0_SOURCES
    "xquad-en",  # CC BY-SA 4.0
    "pubmedqa",  # MIT
    "wikipedia-title-section",  # CC BY-SA
}
T0_SOURCES = {"t0:duorc", "t0:quoref", "t0:adversarial_qa_dbert", "t0:adversarial_qa_dbidaf",
              "t0:adversarial_qa_droberta", "t0:quartz"}  # sciq is non-commercial
# Share of running text, by file.
TEXT = {"wikipedia-en.00": 0.45, "wikipedia-en.03": 0.33, "wikinews-en.00": 0.12,
        "medquad-answers.00": 0.10}
# Words a passage, with weights: most retrieval units are a sentence to a paragraph.
LENGTHS = [((6, 30), 0.35), ((30, 60), 0.28), ((60, 100), 0.32), ((150, 260), 0.05)]
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'A-Z0-9])")
STARTS = ["what is {}", "what is {}?", "who was {}", "{} definition", "history of {}", "{}", "{}",
          "tell me about {}", "where is {}", "{} meaning", "how does {} work", "what causes {}"]


def passages_of(article, random_state):
    """Runs of sentences of one article: (title, heading or "", text)."""
    lines = [line.strip() for line in article.split("\n") if line.strip()]
    if len(lines) < 2:
        return
    title, heading = lines[0] if len(lines[0]) < 100 else "", ""
    low, high = random_state.choices([l for l, _ in LENGTHS], [w for _, w in LENGTHS])[0]
    held, words = [], 0
    for line in lines[1:]:
        if len(line) < 80 and not line.endswith((".", "!", "?", ":")):
            heading, held, words = line, [], 0
            continue
        for sentence in SENTENCE.split(line):
            held.append(sentence)
            words += len(sentence.split())
            if words >= low:
                if words <= high * 1.3:
                    yield title, heading, " ".join(held)
                held, words = [], 0
                low, high = random_state.choices([l for l, _ in LENGTHS], [w for _, w in LENGTHS])[0]


def made_query(title, heading, text, frequency, random_state):
    """A short text that a person might have looked for this passage with."""
    words = text.split()
    kind = random_state.random()
    if title and kind < 0.30:
        about = f"{title} {heading}".strip() if heading and random_state.random() < 0.6 else title
        query = random_state.choice(STARTS).format(about)
    elif kind < 0.60:
        length = min(len(words), random_state.randint(2, 9))
        start = random_state.randrange(len(words) - length + 1)
        query = " ".join(words[start:start + length]).strip(" ,.;:()\"'")
    elif kind < 0.85:
        rare = sorted(set(w.strip(",.;:()\"'") for w in words), key=lambda w: (frequency.get(w.lower(), 0), w))
        rare = [w for w in rare if len(w) > 2][:14]
        random_state.shuffle(rare)
        query = " ".join(rare[:random_state.randint(1, 6)])
    else:
        query = random_state.choice(SENTENCE.split(text))
        query = " ".join(query.split()[:30])
    return query.lower() if random_state.random() < 0.5 else query


def given_pairs(folder):
    for name in sorted(ALLOWED):
        for line in open(os.path.join(folder, name + ".jsonl"), encoding="utf-8"):
            row = json.loads(line)
            if name == "t0-reading-comprehension" and row["source"] not in T0_SOURCES:
                continue
            pos = row["pos"][0] if isinstance(row["pos"], list) else row["pos"]
            yield name, row["query"], " ".join(pos.split()[:110])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data")
    arguments.add_argument("out")
    arguments.add_argument("--count", type=int, default=240_000)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    random_state = random.Random(options.seed)

    given = list(given_pairs(os.path.join(options.data, "pairs")))
    weak = [p for p in given if p[0] == "wikipedia-title-section"]
    rows = [p for p in given if p[0] not in ("wikipedia-title-section", "wikinews-title-body", "medquad")]
    rows += random_state.sample([p for p in given if p[0] == "wikinews-title-body"], 8_000)
    rows += random_state.sample([p for p in given if p[0] == "medquad"], 10_000)
    rows += random_state.sample(weak, 25_000)

    wanted = options.count - len(rows)
    for name, share in TEXT.items():
        shell = subprocess.run(["zstd", "-dc", os.path.join(options.data, "text", name + ".jsonl.zst")],
                               capture_output=True, check=True)
        articles = [json.loads(line)["text"] for line in shell.stdout.decode().split("\n") if line]
        random_state.shuffle(articles)
        frequency = {}
        for article in articles[:2000]:
            for word in article.split():
                word = word.strip(",.;:()\"'").lower()
                frequency[word] = frequency.get(word, 0) + 1
        count, target = 0, int(wanted * share)
        each = max(1, int(1.2 * target / len(articles)) + 1)
        for article in articles:
            found = list(passages_of(article, random_state))
            for title, heading, text in random_state.sample(found, min(each, len(found))):
                query = made_query(title, heading, text, frequency, random_state)
                if query:
                    # Titles are part of what is indexed in many collections.
                    whole = f"{title} {text}" if title and random_state.random() < 0.3 else text
                    rows.append((name, query, whole))
                    count += 1
            if count >= target:
                break
        print(name, count)
    random_state.shuffle(rows)
    with open(options.out, "w", encoding="utf-8") as file:
        for name, query, passage in rows:
            if query.strip() and passage.strip():
                file.write(json.dumps({"source": name, "query": query.strip(), "passage": passage.strip()},
                                      ensure_ascii=False) + "\n")
    print(len(rows), "pairs")


if __name__ == "__main__":
    main()

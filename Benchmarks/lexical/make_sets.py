"""Makes passages and queries for compare.py.

    python make_sets.py TEXT.jsonl[.zst] QUERIES.tsv FOLDER [--counts 30000,300000,1000000]

TEXT is running prose, {"text": ...} a line (Wikipedia articles, say). Its paragraphs are cut at ends of
sentences into passages of 30 to 80 words, MS MARCO's size: FOLDER/passages-N.txt has the first N of them in a
random order, one a line. QUERIES is `id<TAB>query` (MS MARCO's queries.dev.small.tsv): those of three
words and those of ten become FOLDER/queries-3.txt and queries-10.txt, 500 each.
"""
import argparse
import json
import os
import random
import re
import subprocess


def articles(paths):
    for path in paths:
        if path.endswith(".zst"):
            lines = subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE).stdout
        else:
            lines = open(path, "rb")
        for line in lines:
            yield json.loads(line)["text"]


def passages(text):
    for paragraph in text.split("\n"):
        words = []
        for sentence in re.split(r"(?<=[.!?]) +", paragraph):
            words += sentence.split()
            while len(words) > 80:
                yield " ".join(words[:60])
                words = words[60:]
            if len(words) >= 30:
                yield " ".join(words)
                words = []


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="+")
    parser.add_argument("queries")
    parser.add_argument("folder")
    parser.add_argument("--counts", default="30000,300000,1000000")
    options = parser.parse_args()
    counts = sorted(int(count) for count in options.counts.split(","))
    os.makedirs(options.folder, exist_ok=True)
    found = []
    for text in articles(options.text):
        found += passages(text)
        if len(found) >= counts[-1] * 1.1:
            break
    random.Random(1).shuffle(found)
    for count in counts:
        if len(found) < count:
            print(f"only {len(found)} passages for {count}")
        with open(f"{options.folder}/passages-{count}.txt", "w") as file:
            file.writelines(passage + "\n" for passage in found[:count])
    queries = [line.rstrip("\n").split("\t")[1] for line in open(options.queries)]
    random.Random(2).shuffle(queries)
    for length in (3, 10):
        chosen = [query for query in queries if len(query.split()) == length][:500]
        with open(f"{options.folder}/queries-{length}.txt", "w") as file:
            file.writelines(query + "\n" for query in chosen)


main()

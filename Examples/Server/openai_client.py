"""Searches a few texts with OpenAI's Python client and a running `vdb serve`.

    pip install openai
    python openai_client.py [http://127.0.0.1:7373]
"""
import sys

from openai import OpenAI

server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7373"
client = OpenAI(base_url=server + "/v1", api_key="none")
model = client.models.list().data[0].id

texts = [
    "The moon pulls the oceans into two bulges.",
    "Yeast breathes out the gas that raises dough.",
    "Bramleys keep until spring if they do not touch each other.",
]
# Documents and queries are encoded differently.
documents = client.embeddings.create(model=model + ":document", input=texts).data
query = client.embeddings.create(model=model + ":query", input="how long do apples keep?").data[0]


def product(one, other):
    return sum(a * b for a, b in zip(one, other))


best = max(documents, key=lambda document: product(document.embedding, query.embedding))
print(texts[best.index])

"""Checks `vdb serve` with OpenAI's own Python client.

    pip install openai==3.57.0
    python check_openai.py URL

The client asks for base64 unless told otherwise. The script compares both formats, every form of the
input, and the names of the model, and checks that it does not repeat what cannot succeed. It prints a
line and ends with 0 if all is well.
"""
import sys

import openai


def check(condition, what):
    if not condition:
        raise SystemExit(f"check_openai: {what}")


def near(one, other):
    return len(one) == len(other) and max(abs(a - b) for a, b in zip(one, other)) < 1e-5


def main(url):
    requests = []
    client = openai.OpenAI(base_url=url + "/v1", api_key="none")
    send = client._client.send
    client._client.send = lambda *given, **named: (requests.append(1), send(*given, **named))[1]

    names = [model.id for model in client.models.list()]
    name = names[0]
    check({name, name + ":query", name + ":document"} <= set(names), f"models: {names}")
    check(client.models.retrieve(name).owned_by == "vdb", "the model's owner")

    def vectors(texts, model=name, **options):
        answer = client.embeddings.create(model=model, input=texts, **options)
        check([item.index for item in answer.data] == list(range(len(answer.data))), "the order")
        check(answer.usage.total_tokens > 0, "the usage")
        return [item.embedding for item in answer.data]

    one = vectors("a text")[0]
    check(near(one, vectors("a text", encoding_format="float")[0]), "base64 and float differ")
    check(near(one, vectors(["another text", "a text", ""])[1]), "alone and among others differ")
    check(near(one, vectors("a text", model=name + ":document")[0]), "NAME is not NAME:document")
    query = vectors("a text", model=name + ":query")[0]
    check(not near(one, query), "queries are encoded as documents")
    check(near(query, vectors("a text", extra_body={"input_type": "query"})[0]), "input_type")
    check(len(vectors([f"text {n}" for n in range(300)])) == 300, "many texts")

    def fails(error, code, **arguments):
        del requests[:]
        try:
            client.embeddings.create(**{"model": name, "input": "a text", **arguments})
        except error as found:
            check(found.code == code, f"{arguments}: {found.code}, not {code}")
            check(len(requests) == 1, f"{arguments}: was sent {len(requests)} times")
            return
        raise SystemExit(f"check_openai: {arguments} should fail")

    fails(openai.NotFoundError, "model_not_found", model="none")
    fails(openai.BadRequestError, "token_ids_refused", input=[[15339, 1917]])
    fails(openai.BadRequestError, "value_wrong", dimensions=3)
    fails(openai.BadRequestError, "input_too_long", input="word " * 3000,
          extra_body={"truncate": False})
    print("openai, well")


main(sys.argv[1])

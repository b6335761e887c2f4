"""Checks `vdb mcp`, or /mcp of `vdb serve`, with the official Python client, in its three modes.

    pip install mcp==2.3.0
    python check_mcp.py VDB [http]

The client itself checks every structuredContent against the tool's outputSchema, and every result
against the revision's. This script compares what the tools answer with what went in, and with `vdb
query` on the same database. It prints a line for each mode, and ends with 0 if all is well.
"""
import contextlib
import json
import os
import subprocess
import sys
import tempfile

import anyio
from jsonschema import Draft202012Validator
from mcp import Client, MCPError, StdioServerParameters

MODES = {"auto": "2026-07-28", "2026-07-28": "2026-07-28", "legacy": "2025-11-25"}
NAMES = ["search", "get", "add", "delete", "stats"]
LONG = "".join(f"Line {n} of a long note: naïve café 日本語 🙂, number {n * n}.\n" for n in range(400))
DOCUMENTS = [
    {"id": "tides", "title": "Tides", "text": "The moon pulls the oceans into two bulges.",
     "metadata": {"year": 2021, "lang": "en", "tag": ["sea", "sky"], "day": "2021-06-01"}},
    {"id": "bread", "title": "Bread", "text": "Yeast breathes out the gas that raises dough.",
     "metadata": {"year": 2019, "lang": "en", "draft": True, "author": {"name": "A. Baker"}}},
    {"id": "äpfel", "title": "Äpfel", "text": "Bramleys keep until spring if they do not touch.",
     "metadata": {"year": 2023, "lang": "de", "a \"quoted\" name": "x"}},
    {"text": "Cutting an onion frees a gas that makes the eyes water."},
    {"id": "long", "text": LONG},
]


def check(condition, what):
    if not condition:
        raise SystemExit(f"check_mcp: {what}")


def equal(found, expected, what):
    check(found == expected, f"{what}: expected {expected!r}, found {found!r}")


class Session:
    """A connected client whose calls check what is the same for all tools."""

    def __init__(self, client):
        self.client = client

    async def call(self, name, **arguments):
        result = await self.client.call_tool(name, arguments)
        check(not result.is_error, f"{name} {arguments}: {result.content[0].text if result.content else result}")
        equal(len(result.content), 1, f"{name}: blocks of content")
        equal(json.loads(result.content[0].text), result.structured_content, f"{name}: the text")
        return result.structured_content

    async def fails(self, name, message, **arguments):
        result = await self.client.call_tool(name, arguments)
        check(result.is_error, f"{name} {arguments} should fail")
        check(message in result.content[0].text, f"{name}: {message!r} is not in {result.content[0].text!r}")


async def read_in_parts(session, id):
    text, offset = "", 0
    while offset is not None:
        document = (await session.call("get", ids=[id], offset=offset))["documents"][0]
        check(len(document["text"]) <= 20_000, "get: more than 20,000 characters")
        text, offset = text + document["text"], document["next_offset"]
        check(offset is None or offset == len(text), "get: the next offset")
    return text


async def protocol(client, mode, version):
    equal(client.protocol_version, MODES[mode], "the revision")
    if mode != "2026-07-28":  # The client does not ask who is there.
        equal((client.server_info.name, client.server_info.version), ("vdb", version), "the server")
        check("search" in client.instructions, "the instructions")
    tools = (await client.list_tools()).tools
    equal([tool.name for tool in tools], NAMES, "the tools")
    for tool in tools:
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema)
        check(tool.title and tool.description, f"{tool.name}: title and description")
        equal(tool.annotations.read_only_hint, tool.name in ("search", "get", "stats"), f"{tool.name}: reads")
        equal(tool.annotations.open_world_hint, False, f"{tool.name}: open world")
    try:
        await client.call_tool("frobnicate", {})
        check(False, "an unknown tool should be an error")
    except MCPError as error:
        equal(error.code, -32602, "the code of an unknown tool")


async def writing(session):
    added = await session.call("add", documents=DOCUMENTS)
    equal((added["inserted"], len(added["ids"])), (5, 5), "add")
    again = await session.call("add", documents=DOCUMENTS)
    equal((again["unchanged"], again["ids"]), (5, added["ids"]), "adding the same again")
    changed = dict(DOCUMENTS[0], text="Something else.")
    await session.fails("add", "on_conflict", documents=[changed])
    skipped = await session.call("add", documents=[changed], on_conflict="skip")
    equal(skipped["skipped"], 1, "add with skip")
    replaced = await session.call("add", documents=[changed], on_conflict="replace")
    equal(replaced["replaced"], 1, "add with replace")
    await session.call("add", documents=[DOCUMENTS[0]], on_conflict="replace")
    extra = await session.call("add", documents=[{"id": f"extra-{n}", "text": f"extra text {n}"} for n in range(60)])
    equal((await session.call("delete", ids=extra["ids"][30:] + ["none"]))["deleted"], 30, "delete")
    await session.fails("add", "'documents[1].text' is missing", documents=[{"text": "a"}, {"title": "b"}])
    await session.fails("delete", "'ids' is missing")


async def reading(session, query):
    for arguments, options in [
        ({"query": "why does dough rise"}, []),
        ({"query": "oceans", "mode": "lexical", "k": 3}, ["--mode", "lexical"]),
        ({"query": "a gas", "mode": "dense", "where": "lang = 'en' AND year < 2020"},
         ["--mode", "dense", "--where", "lang = 'en' AND year < 2020"]),
        ({"query": "moon", "where": "day >= DATE '2021-06' AND tag CONTAINS 'SE'"},
         ["--where", "day >= DATE '2021-06' AND tag CONTAINS 'SE'"]),
        ({"query": "extra", "k": 50}, []),
    ]:
        expected = query(arguments["query"], "-k", "50", *options)["hits"]
        found = (await session.call("search", **arguments))["hits"]
        check(found, f"search {arguments}: nothing found")
        equal([(hit["rank"], hit["id"], hit["score"], hit["title"], hit["metadata"]) for hit in found],
              [(hit["rank"], hit["id"], hit["score"], hit["title"], hit["metadata"])
               for hit in expected[:arguments.get("k", 8)]], f"search {arguments}")
        for hit, other in zip(found, expected):
            equal(hit["text"], other["text"][:1500], "the text of a hit")
            equal(hit["truncated"], len(other["text"]) > 1500, "whether it is cut")
    whole = await session.call("search", query="extra text", k=30)
    pages, after = [], 0
    while after is not None and after < 30:
        page = await session.call("search", query="extra text", k=7, after_rank=after)
        pages, after = pages + page["hits"], page["next_rank"]
    equal(pages[:30], whole["hits"], "search: pages")
    equal(await read_in_parts(session, "long"), LONG, "get: a long text")
    got = await session.call("get", ids=["äpfel", "none", "tides", "äpfel"])
    equal([document["id"] for document in got["documents"]], ["äpfel", "tides"], "get: ids")
    equal(got["missing"], ["none"], "get: missing")
    equal(got["documents"][0]["metadata"], DOCUMENTS[2]["metadata"], "get: metadata")
    (collection,) = (await session.call("stats"))["collections"]
    equal((collection["collection"], collection["documents"]), ("default", 35), "stats")
    fields = {field["field"]: field for field in collection["fields"]}
    equal(set(fields), {"year", "lang", "tag", "day", "draft", "author.name", '"a ""quoted"" name"'}, "stats: fields")
    check(fields["tag"]["array"] and fields["lang"]["values"][0] == "en", "stats: values")
    for name in fields:  # Each can be used as it is written.
        await session.call("search", query="x", where=f"{name} IS NULL")
    await session.fails("search", "where, column 9", query="x", where="year AND")
    await session.fails("search", "'k' must be an integer from 1 to 50", query="x", k=51)
    await session.fails("search", "'wehre'", query="x", wehre="year = 1")
    await session.fails("search", "'nope'", query="x", collection="nope")


async def at_once(session):
    answers = {}

    async def one(number):
        answers[number] = await session.call("search", query=f"extra text {number}", mode="lexical", k=1)

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(one, number)
    for number in range(30):
        equal(answers[number]["hits"][0]["id"], f"extra-{number}", "calls at once")
    with anyio.move_on_after(0.001):  # Given up and cancelled by the client.
        await session.call("add", documents=[{"id": "given up", "text": "word " * 20_000}])
    await session.call("search", query="still there")


async def run(vdb, mode, folder):
    database = os.path.join(folder, f"{mode}.vdb")
    version = subprocess.check_output([vdb, "--version"], text=True).strip()
    with open(os.path.join(folder, "errors"), "w+") as errors:
        from mcp.client.stdio import stdio_client

        def server(*options):
            return stdio_client(StdioServerParameters(
                command=vdb, args=["mcp", "--db", database, *options]), errlog=errors)

        def query(*arguments):
            return json.loads(subprocess.check_output(
                [vdb, "query", *arguments, "--format", "json", "--db", database]))

        async with Client(server(), mode=mode, read_timeout_seconds=60) as client:
            await protocol(client, mode, version)
            session = Session(client)
            await session.fails("search", "there is no database", query="x")
            await writing(session)
            await reading(session, query)
            await at_once(session)
        async with Client(server("--read-only", "--collection", "default"), mode=mode) as client:
            equal([tool.name for tool in (await client.list_tools()).tools], ["search", "get", "stats"], "read-only")
            session = Session(client)
            equal((await session.call("get", ids=["tides"]))["missing"], [], "read-only: get")
            await session.fails("add", "--read-only", documents=[{"text": "x"}])
            await session.fails("search", "'default' only", query="x", collection="other")
        errors.seek(0)
        messages = errors.read().strip().splitlines()
        equal(len(messages), 1, f"messages on standard error: {messages}")  # Of the missing database.
    print(f"{mode}: {MODES[mode]}, well", flush=True)


@contextlib.contextmanager
def serving(vdb, database, *options):
    arguments = [vdb, "serve", "--db", database, "--listen", "127.0.0.1:0", "--quiet", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())["listening"] + "/mcp"
        finally:
            process.terminate()
        equal(process.wait(), 0, "the server's exit status")


async def run_over_http(vdb, mode, folder):
    database = os.path.join(folder, f"{mode}.vdb")
    version = subprocess.check_output([vdb, "--version"], text=True).strip()

    def query(*arguments):
        return json.loads(subprocess.check_output(
            [vdb, "query", *arguments, "--format", "json", "--db", database]))

    with serving(vdb, database) as url:
        async with Client(url, mode=mode, read_timeout_seconds=60) as client:
            await protocol(client, mode, version)
            session = Session(client)
            await session.fails("search", "there are no documents", query="x")
            await writing(session)
            await reading(session, query)
            await at_once(session)
    with serving(vdb, database, "--read-only") as url:
        async with Client(url, mode=mode) as client:
            equal([tool.name for tool in (await client.list_tools()).tools], ["search", "get", "stats"], "read-only")
            session = Session(client)
            equal((await session.call("get", ids=["tides"]))["missing"], [], "read-only: get")
            await session.fails("add", "--read-only", documents=[{"text": "x"}])
    print(f"{mode}: {MODES[mode]}, well", flush=True)


def main():
    check_mode = run_over_http if sys.argv[2:] == ["http"] else run
    with tempfile.TemporaryDirectory() as folder:
        for mode in MODES:
            anyio.run(check_mode, os.path.abspath(sys.argv[1]), mode, folder)


main()

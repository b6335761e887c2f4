#!/usr/bin/env python3
"""How long queries take beside an ingest, compared with a server that has nothing else to do.

    python Benchmarks/server/latency.py VDB [--rounds 4]

One client asks with texts, with 5 ms between an answer and the next question, in turns: a round without and a round
with an ingest of texts as fast as the server takes it. The built-in model encodes both.
"""
import argparse
import http.client
import json
import random
import shutil
import socket
import sys
import tempfile
import threading
import time

from process import Server

WORDS = "tide moon bread yeast apple spring onion water gas dough wing air lift night star snow river stone".split()
DOCUMENTS = "/v1/collections/default/documents"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vdb")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--documents", type=int, default=2000)
    arguments = parser.parse_args()
    rng = random.Random(3)

    def text(words):
        return " ".join(rng.choice(WORDS) for _ in range(words))

    def documents(prefix, count):
        return "".join(json.dumps({"id": f"{prefix}{n}", "text": text(60)}) + "\n" for n in range(count))

    folder = tempfile.mkdtemp(prefix="vdb-latency-")
    server = Server(
        [arguments.vdb, "serve", "--db", f"{folder}/a.vdb", "--listen", "127.0.0.1:{port}", "--quiet"],
        "/ready", sys.stderr)
    ndjson = {"Content-Type": "application/x-ndjson"}
    server.request("POST", DOCUMENTS, documents("d", arguments.documents), ndjson)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def queries(count):
        times, phases = [], {}
        for _ in range(count):
            body = json.dumps({"query": text(6), "explain": True})
            began = time.perf_counter()
            connection.request("POST", "/v1/collections/default/query", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            found = json.loads(answer.read())
            times.append(1000 * (time.perf_counter() - began))
            assert answer.status == 200, found
            for phase in found["explanation"]["phases"]:
                phases.setdefault(phase["name"], []).append(phase["ms"])
            time.sleep(0.005)
        return times, phases

    stop = threading.Event()

    def ingest(turn):
        """Documents until it is told to stop; then it hangs up, since megabytes wait in the server."""
        sender = socket.create_connection(("127.0.0.1", server.port))
        sender.sendall(
            f"POST {DOCUMENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode())
        sender.settimeout(0.5)
        number = 0
        while not stop.is_set():
            lines = documents(f"r{turn}-{number}-", 50).encode()
            chunk = b"%x\r\n%s\r\n" % (len(lines), lines)
            while chunk and not stop.is_set():
                try:
                    chunk = chunk[sender.send(chunk):]
                except TimeoutError:
                    pass
            number += 1
        sender.close()

    def count():
        return server.ask("POST", "/v1/collections/default/count", {})["count"]

    def show(name, found):
        times, phases = found
        times = sorted(times)
        n = len(times)
        slow = {p: round(sorted(t)[int(n * 0.99)], 1) for p, t in phases.items()}
        print(f"{name}: p50 {times[n // 2]:.1f} p90 {times[int(n * .9)]:.1f} p99 {times[int(n * .99)]:.1f} "
              f"most {times[-1]:.1f} ms; p99 of phases {slow}", flush=True)
        return times[int(n * 0.99)]

    try:
        queries(50)
        both = {"idle": ([], {}), "ingest": ([], {})}

        def add(name, found):
            both[name][0].extend(found[0])
            for phase, times in found[1].items():
                both[name][1].setdefault(phase, []).extend(times)

        for turn in range(arguments.rounds):
            add("idle", queries(arguments.queries))
            stop.clear()
            thread = threading.Thread(target=ingest, args=(turn,))
            before, had = time.perf_counter(), count()
            thread.start()
            time.sleep(1)
            add("ingest", queries(arguments.queries))
            stop.set()
            rate = (count() - had) / (time.perf_counter() - before)
            thread.join()
            print(f"round {turn}: {rate:.0f} documents/s beside the queries", flush=True)
            time.sleep(2)
        idle, busy = show("idle  ", both["idle"]), show("ingest", both["ingest"])
        print(f"p99 beside an ingest: {busy / idle:.2f} times that of an idle server")
    finally:
        server.stop()
        shutil.rmtree(folder)


main()

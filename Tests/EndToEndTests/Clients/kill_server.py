"""Kills `vdb serve` at random moments while clients write, and checks that nothing acknowledged is lost.

    python3 kill_server.py VDB KILLS [SEED]

Each round streams NDJSON or puts documents one by one, kills the server with SIGKILL after up to 1.5 s,
starts it again, and reads back every document that was acknowledged. It prints its seed and a summary,
checks the database at the end, and ends with 0 if nothing is missing. Needs nothing but Python.
"""
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

COLLECTION = "/v1/collections/default/documents"


class Server:
    def __init__(self, vdb, database):
        self.process = subprocess.Popen(
            [vdb, "serve", "--db", database, "--listen", "127.0.0.1:0", "--quiet"],
            stdout=subprocess.PIPE, text=True)
        self.port = int(json.loads(self.process.stdout.readline())["listening"].rsplit(":", 1)[1])

    def kill_after(self, seconds):
        def kill():
            time.sleep(seconds)
            os.kill(self.process.pid, signal.SIGKILL)
        thread = threading.Thread(target=kill)
        thread.start()
        return thread

    def request(self, method, path, value):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, json.dumps(value), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.load(answer)


def document(generator, text):
    return {"text": text, "vector": [generator.random(), generator.random()]}


def put(server, generator, name):
    """Puts documents until the server is gone; returns the ids of those that were answered."""
    stored = []
    try:
        while True:
            id = f"{name}-{len(stored)}"
            status, _ = server.request("PUT", f"{COLLECTION}/{id}", document(generator, id))
            assert status == 201, status
            stored.append(id)
    except (OSError, http.client.HTTPException, ValueError):
        return stored


def stream(server, generator, name):
    """Streams lines until the server is gone; returns the ids of those that were acknowledged."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(
        f"POST {COLLECTION} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode())
    received, sent = b"", 0

    def receive(seconds):
        nonlocal received
        connection.settimeout(seconds)
        try:
            data = connection.recv(1 << 16)
            received += data
            return len(data) > 0
        except TimeoutError:
            return True

    try:
        while True:
            lines = "".join(
                json.dumps({"id": f"{name}-{sent + n}", **document(generator, f"{name} {sent + n}")}) + "\n"
                for n in range(20)).encode()
            sent += 20
            connection.settimeout(20)
            connection.sendall(b"%x\r\n%s\r\n" % (len(lines), lines))
            if not receive(0.005):
                break
    except OSError:
        pass
    try:  # What arrived before the end counts, too.
        while receive(1):
            pass
    except OSError:
        pass
    counts = [json.loads(line)["acknowledged"] for line in received.split(b"\r\n")
              for line in line.split(b"\n") if line.startswith(b'{"acknowledged"') and line.endswith(b"}")]
    return [f"{name}-{n}" for n in range(max(counts, default=0))]


def main(vdb, kills, seed):
    print(f"seed {seed}", flush=True)
    generator = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "a.vdb")
        server, acknowledged, lost = Server(vdb, database), 0, 0
        for round in range(kills):
            write = generator.choice([put, stream])
            killer = server.kill_after(generator.uniform(0.05, 1.5))
            ids = write(server, generator, str(round))
            killer.join()
            server.process.wait()
            server = Server(vdb, database)
            acknowledged += len(ids)
            for start in range(0, len(ids), 1000):
                some = ids[start:start + 1000]
                status, answer = server.request("POST", f"{COLLECTION}/get", {"ids": some})
                missing = answer["missing"] if status == 200 else some
                lost += len(missing)
                if missing:
                    print(f"round {round}, {write.__name__}: lost {missing[:5]} …", flush=True)
        server.process.terminate()
        assert server.process.wait() == 0
        subprocess.run([vdb, "check", "--db", database], check=True)
    print(f"{kills} kills, {acknowledged} documents acknowledged, {lost} lost")
    return lost


sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else random.randrange(1 << 30)) > 0)

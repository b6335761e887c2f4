"""LanceDB behind a minimal HTTP server, for peers.py: lance_server.py FOLDER PORT"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import lancedb
import pyarrow as pa

database = lancedb.connect(sys.argv[1])
table = None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"status": "ok"})

    def do_POST(self):
        global table
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/add":
            dimensions = len(given["vectors"][0])
            rows = pa.table({
                "id": given["ids"], "text": given["texts"],
                "vector": pa.FixedSizeListArray.from_arrays(
                    pa.array([x for v in given["vectors"] for x in v], pa.float32()), dimensions)})
            if table is None:
                table = database.create_table("c", rows)
            else:
                table.add(rows)
            self.answer({})
        elif self.path == "/index":
            table.create_index(metric="dot", index_type="IVF_HNSW_SQ", num_partitions=1)
            self.answer({})
        else:
            query = table.search(given["vector"]).select(["id"]).limit(given["k"]).ef(given["ef"])
            if given["refine"] > 1:
                query = query.refine_factor(given["refine"])
            self.answer({"ids": query.to_arrow()["id"].to_pylist()})


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()

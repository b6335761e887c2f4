import Foundation
import TestSupport
import Testing

/// `vdb serve` from outside: how it starts, whom it lets in, how it says no, how it ends.
@Suite(.serialized) struct ServerTests {
    private let vdb = Program()

    @Test func startsAndEnds() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        #expect(server.url.hasPrefix("http://127.0.0.1:"))
        for path in ["/health", "/ready"] {
            let answer = try await server.request("GET", path)
            #expect(answer.status == 200 && answer.text == #"{"status":"ok"}"#)
            #expect(answer.headers["x-request-id"]?.count == 36)
            #expect(answer.headers["x-content-type-options"] == "nosniff")
        }
        #expect(server.terminate() == 0)
        #expect(server.messages.isEmpty, "\(server.messages)")
    }

    @Test func addressThatIsTaken() throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        try vdb.fails(69, "in use", "serve", "--listen", "127.0.0.1:\(server.port)")
        try vdb.fails(64, "--listen must be HOST:PORT", "serve", "--listen", "nonsense")
    }

    /// Another machine may only come in with a key, and knowingly without TLS.
    @Test func otherAddressesNeedKeys() throws {
        try vdb.ingestCorpus()
        try vdb.fails(64, "needs keys", "serve", "--listen", "0.0.0.0:0")
        try vdb.write("keys", #"{"name":"a","role":"read","sha256":"\#(Self.zeros)"}"#)
        try vdb.fails(64, "plain text", "serve", "--listen", "0.0.0.0:0", "--api-keys", "keys")
        try vdb.fails(66, "nothing: cannot be read", "serve", "--api-keys", "nothing")
        try vdb.write("none", "\n")
        try vdb.fails(65, "has no keys", "serve", "--api-keys", "none")
        try vdb.write("wrong", "\n{\"name\":\"a\",\"role\":\"all\"}")
        try vdb.fails(65, "wrong:2: needs the \"role\"", "serve", "--api-keys", "wrong")
    }

    private static let zeros = String(repeating: "0", count: 64)

    // MARK: Keys, hosts, origins

    @Test func keys() async throws {
        try vdb.ingestCorpus()
        let made = try vdb.run(
            "key", "--name", "notes", "--role", "write", "--collection", "default")
        try vdb.write("keys", made.lines[1] + "\n")
        let server = try RunningServer(
            vdb, "--api-keys", "keys", environment: ["VDB_READ_API_KEY": "reader"])
        func status(_ method: String, _ path: String, key: String?) async throws -> Int {
            try await server.request(
                method, path, method == "GET" ? nil : "{}",
                headers: key.map { ["Authorization": "Bearer \($0)"] } ?? [:]
            ).status
        }
        let collection = "/v1/collections/default"
        #expect(try await status("GET", "/health", key: nil) == 200)
        #expect(try await status("GET", collection, key: nil) == 401)
        #expect(try await status("GET", collection, key: "wrong") == 401)
        #expect(try await status("GET", collection, key: "reader") == 200)
        #expect(try await status("GET", collection, key: made.lines[0]) == 200)
        #expect(try await status("PUT", "/v1/collections/more", key: "reader") == 403)
        // The written key reaches one collection only.
        #expect(try await status("PUT", "/v1/collections/more", key: made.lines[0]) == 403)
        #expect(try await status("DELETE", collection, key: made.lines[0]) == 204)
        let refused = try await server.request("GET", "/metrics")
        #expect(refused.headers["www-authenticate"] == "Bearer" && refused.code == "key_missing")
    }

    /// SIGHUP reads the keys again; a file without any changes nothing.
    @Test func hangupReadsKeysAgain() async throws {
        try vdb.ingestCorpus()
        let (first, second) = (try vdb.run("key"), try vdb.run("key"))
        try vdb.write("keys", first.lines[1])
        let server = try RunningServer(vdb, "--api-keys", "keys")
        func status(_ key: String) async throws -> Int {
            try await server.request(
                "GET", "/v1/collections", headers: ["Authorization": "Bearer \(key)"]
            ).status
        }
        #expect(try await status(first.lines[0]) == 200)
        #expect(try await status(second.lines[0]) == 401)
        try vdb.write("keys", second.lines[1])
        kill(server.process.processIdentifier, SIGHUP)
        var tries = 0
        while try await status(second.lines[0]) != 200, tries < 200 {
            tries += 1
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await status(first.lines[0]) == 401)
        try vdb.write("keys", "")
        kill(server.process.processIdentifier, SIGHUP)
        while !server.messages.contains("has no keys"), tries < 400 {
            tries += 1
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await status(second.lines[0]) == 200)
    }

    @Test func hostsAndOrigins() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(
            vdb, "--allow-host", "notes.example", "--allow-origin", "https://app.example")
        func answer(host: String, origin: String? = nil) throws -> [String] {
            let connection = try RawConnection(port: server.port)
            connection.send(
                "GET /health HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
                    + (origin.map { "Origin: \($0)\r\n" } ?? "") + "\r\n")
            return connection.head()
        }
        func status(_ head: [String]) -> String {
            String(head.first?.split(separator: " ").dropFirst().first ?? "")
        }
        #expect(status(try answer(host: "localhost:\(server.port)")) == "200")
        #expect(status(try answer(host: "notes.example")) == "200")
        #expect(status(try answer(host: "evil.example")) == "403")
        #expect(status(try answer(host: "127.0.0.1.evil.example")) == "403")
        let host = "localhost:\(server.port)"
        #expect(status(try answer(host: host, origin: "http://\(host)")) == "200")
        #expect(status(try answer(host: host, origin: "http://evil.example")) == "403")
        #expect(status(try answer(host: host, origin: "null")) == "403")
        let allowed = try answer(host: host, origin: "https://app.example")
        #expect(
            allowed.contains {
                $0.lowercased() == "access-control-allow-origin: https://app.example"
            })
    }

    @Test func readOnly() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--read-only")
        let refused = try await server.request("DELETE", "/v1/collections/default")
        #expect(refused.status == 403 && refused.code == "server_reads_only")
        let found = try await server.request(
            "POST", "/v1/collections/default/count", #"{"where":"year > 2020"}"#)
        #expect(found.text == #"{"count":2}"#)
    }

    private static let hasTools = ["openssl", "curl"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/" + $0)
    }

    /// HTTP/2 and HTTP/1.1 with TLS, and a certificate that SIGHUP replaces.
    @Test(.enabled(if: hasTools, "/usr/bin/openssl and /usr/bin/curl are not installed"))
    func encrypted() async throws {
        try vdb.ingestCorpus()
        func certify(_ name: String) throws {
            let made = OfficialClientTests.run(
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
                "-keyout", vdb.path("key.pem"), "-out", vdb.path("cert.pem"))
            try #require(made.status == 0, "\(made.text)")
        }
        try certify("first")
        let server = try RunningServer(vdb, "--tls-cert", "cert.pem", "--tls-key", "key.pem")
        #expect(server.url.hasPrefix("https://127.0.0.1:"))
        func ask(_ options: String...) -> String {
            let arguments = ["-sS", "-k", "-v", "-w", " %{http_version}"] + options
            return OfficialClientTests.run(
                "/usr/bin/curl", arguments + [server.url + "/v1/collections"]
            ).text
        }
        let second = ask("--http2")
        #expect(second.contains(#""collection":"default""#) && second.hasSuffix(" 2"), "\(second)")
        let first = ask("--http1.1")
        #expect(first.hasSuffix(" 1.1") && first.contains("CN=first"), "\(first)")
        try certify("second")
        kill(server.process.processIdentifier, SIGHUP)
        var tries = 0
        while !ask().contains("CN=second"), tries < 100 {
            tries += 1
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(tries < 100)
        try vdb.write("other.pem", "no key")
        try vdb.fails(
            65, "other.pem: is not a private key", "serve", "--tls-cert", "cert.pem", "--tls-key",
            "other.pem")
        try vdb.fails(64, "need each other", "serve", "--tls-cert", "cert.pem")
    }

    // MARK: Wrong requests

    @Test func wrongRequests() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--max-body", "2KiB")
        let collection = "/v1/collections/default"
        func expect(
            _ status: Int, _ code: String, _ method: String, _ path: String, _ body: String? = nil,
            headers: [String: String] = [:], location: SourceLocation = #_sourceLocation
        ) async throws {
            let answer = try await server.request(method, path, body, headers: headers)
            #expect(
                answer.status == status && answer.code == code, "\(answer.text)",
                sourceLocation: location)
            #expect(
                answer.headers["content-type"] == "application/problem+json",
                sourceLocation: location)
            let problem = answer.object
            #expect(
                problem.int("status") == status
                    && problem.string("instance") == answer.headers["x-request-id"]
                    && problem.string("type")
                        == "urn:vdb:problem:" + code.replacingOccurrences(of: "_", with: "-")
                    && problem.string("detail")?.isEmpty == false, sourceLocation: location)
        }
        try await expect(404, "route_missing", "GET", "/v1/nothing")
        try await expect(405, "method_not_allowed", "PATCH", "/v1/collections")
        let other = try await server.request("OPTIONS", collection + "/documents/get")
        #expect(other.status == 405 && other.headers["allow"] == "POST")
        try await expect(404, "collection_missing", "GET", "/v1/collections/none")
        try await expect(404, "documents_missing", "GET", collection + "/documents/none")
        try await expect(400, "not_json", "POST", collection + "/query", "{")
        try await expect(400, "not_an_object", "POST", collection + "/query", "[]")
        try await expect(
            400, "member_unknown", "POST", collection + "/query", #"{"query":"a","wehre":"b"}"#)
        try await expect(400, "member_missing", "POST", collection + "/query", "{}")
        try await expect(
            400, "value_wrong", "POST", collection + "/query", #"{"query":"a","k":0}"#)
        try await expect(
            400, "filter_malformed", "POST", collection + "/count", #"{"where":"year >"}"#)
        try await expect(400, "parameter_unknown", "GET", collection + "/documents?limt=1")
        try await expect(
            415, "media_type_unsupported", "POST", collection + "/query", "a",
            headers: ["Content-Type": "text/plain"])
        try await expect(
            415, "encoding_unsupported", "POST", collection + "/query", "{}",
            headers: ["Content-Encoding": "br"])
        try await expect(
            413, "body_too_large", "POST", collection + "/query",
            #"{"query":"\#(String(repeating: "a", count: 3000))"}"#)
        try await expect(
            409, "dimension_mismatch", "POST", collection + "/query", #"{"vector":[1,2]}"#)
        try await expect(
            400, "text_needed", "POST", collection + "/query", #"{"vector":[1,2],"token_weight":1}"#
        )
        try await expect(409, "metric_mismatch", "PUT", collection, #"{"metric":"l2"}"#)
    }

    /// Bytes that are no HTTP, heads that are too long, connections that break.
    @Test func hostileConnections() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        for start in [
            "nonsense\r\n\r\n",
            "GET /health HTTP/1.1\r\nX: \(String(repeating: "a", count: 40_000))",
            "POST /v1/collections/default/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{",
            "\u{0}\u{1}\u{2}",
        ] {
            let connection = try RawConnection(port: server.port)
            connection.send(start)
            connection.close()
        }
        #expect(try await server.request("GET", "/health").status == 200)
        #expect(server.terminate() == 0)
    }

    /// A head that cannot be read gets an answer like any other mistake.
    @Test func unreadableHeads() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        func expect(_ status: Int, _ code: String, _ head: String) throws {
            let connection = try RawConnection(port: server.port)
            connection.send(head)
            let answer = connection.head()
            #expect(answer.first?.hasPrefix("HTTP/1.1 \(status) ") == true, "\(answer)")
            #expect(answer.contains("Content-Type: application/problem+json"))
            let id = answer.first { $0.hasPrefix("X-Request-Id: ") }?.dropFirst(14)
            let problem = Program.object(connection.rest())
            #expect(problem.string("code") == code && connection.isEnded)
            #expect(problem.string("instance") == id.map(String.init))
        }
        for length in [17_000, 2_000_000] {
            let text = String(repeating: "a", count: length)
            try expect(431, "head_too_long", "GET /health HTTP/1.1\r\nX: \(text)\r\n\r\n")
            try expect(431, "head_too_long", "GET /\(text) HTTP/1.1\r\n\r\n")
        }
        let many = (0..<101).map { "X-\($0): a\r\n" }.joined()
        try expect(431, "head_too_long", "GET /health HTTP/1.1\r\n\(many)\r\n")
        try expect(400, "request_malformed", "nonsense\r\n\r\n")
        let metrics = try await server.request("GET", "/metrics").text
        #expect(metrics.contains(#"vdb_rejected_total{reason="head_too_long"} 5"#))
    }

    /// A client that hangs up takes its texts out of the queue.
    @Test func hangingUpCancels() async throws {
        try vdb.ingestCorpus()
        // Room for both.
        let server = try RunningServer(vdb, "--queue-tokens", "1000000")
        let text = String(repeating: "a long text about the tides of the sea ", count: 40)
        let body =
            #"{"texts":["# + Array(repeating: "\"\(text)\"", count: 250).joined(separator: ",")
            + "]}"
        func waitingTokens() async throws -> Int {
            let page = try await server.request("GET", "/metrics").text
            let line = page.split(separator: "\n").first {
                $0.hasPrefix(#"vdb_embed_queue_tokens{class="query"}"#)
            }
            return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
        }
        let connections = try (0..<2).map { _ in
            let connection = try RawConnection(port: server.port)
            connection.send(
                "POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
            return connection
        }
        var tries = 0
        while try await waitingTokens() == 0, tries < 500 {
            tries += 1
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await waitingTokens() > 0)
        for connection in connections { connection.close() }
        // One of them has a batch that is encoded to its end.
        let canceled = #"vdb_rejected_total{reason="client_gone"} 2"#
        var page = ""
        while !page.contains(canceled), tries < 3000 {
            tries += 1
            try await Task.sleep(for: .milliseconds(10))
            page = try await server.request("GET", "/metrics").text
        }
        let counts = page.split(separator: "\n").filter {
            $0.hasPrefix("vdb_rejected") || $0.hasPrefix("vdb_embed")
        }
        #expect(page.contains(canceled), "\(counts)")
        // All of it would be two hundred thousand tokens.
        let encoded = page.split(separator: "\n").first {
            $0.hasPrefix(#"vdb_embed_tokens_total{class="query"}"#)
        }
        #expect(encoded?.split(separator: " ").last.flatMap { Int($0) } ?? .max < 100_000)
        #expect(try await waitingTokens() == 0)
    }

    /// A head that never ends is cut off, whatever trickles in.
    @Test func slowHeads() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let slow = try RawConnection(port: server.port)
        slow.send("GET /health HTTP/1.1\r\nHost: localhost\r\n")
        // The server closes; nothing was answered.
        #expect(slow.line() == nil && slow.isEnded)
        #expect(try await server.request("GET", "/health").status == 200)
    }

    /// An ingest that has begun: one document is acknowledged, and more may follow.
    private func streamOfOneDocument(to server: RunningServer) throws -> RawConnection {
        let connection = try RawConnection(port: server.port)
        connection.send(
            "POST /v1/collections/default/documents HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendChunk(#"{"id":"first","text":"before the signal"}"# + "\n")
        #expect(connection.object(with: "acknowledged")?.int("acknowledged") == 1)
        return connection
    }

    /// nginx stops sending a body once the answer has begun and a write has waited; see docs/SERVER.md.
    @Test func aWholeBodyFromAProxyIsAnsweredWhenItIsIn() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let lines = (0..<2).map { #"{"id":"p\#($0)","text":"a text"}"# + "\n" }
        let connection = try RawConnection(port: server.port)
        connection.send(
            "POST /v1/collections/default/documents HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: application/x-ndjson\r\nX-Forwarded-For: 192.0.2.1\r\n"
                + "Content-Length: \(lines.joined().utf8.count)\r\n\r\n")
        connection.send(lines[0])
        // The first line's window ends; without the header this is when the answer begins.
        try await Task.sleep(for: .milliseconds(800))
        #expect(!connection.hasReceived)
        connection.send(lines[1])
        #expect(connection.head().first == "HTTP/1.1 200 OK")
        #expect(connection.object(with: "inserted")?.int("inserted") == 2)
    }

    /// Requests that run when the server is told to end are answered; new ones are not taken.
    @Test func drains() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--drain", "20")
        let connection = try streamOfOneDocument(to: server)
        server.process.terminate()
        // The rest may still come.
        try await Task.sleep(for: .milliseconds(300))
        connection.sendChunk(#"{"id":"second","text":"after the signal"}"# + "\n")
        connection.send("0\r\n\r\n")
        #expect(connection.object(with: "inserted")?.int("inserted") == 2)
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        #expect(try vdb.run("get", "second").status == 0)
    }

    /// A stream that does not end is told how far it came.
    @Test func drainingHasAnEnd() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--drain", "0.5")
        let connection = try streamOfOneDocument(to: server)
        server.process.terminate()
        let last = connection.object(with: "error")?["error"] as? [String: Any]
        #expect(last?.string("code") == "shutting_down")
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
    }

    @Test func requestsAreLoggedWithoutTheirTexts() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, "--log", "json")
        _ = try await server.request(
            "POST", "/v1/collections/default/query?x=secret", #"{"query":"secret"}"#,
            headers: ["Authorization": "Bearer secret"])
        #expect(server.terminate() == 0)
        let line = Program.object(server.messages)
        #expect(line.string("route") == "/v1/collections/{collection}/query")
        #expect(line.int("status") == 400 && line.string("method") == "POST")
        #expect(!server.messages.contains("secret"))
    }

    @Test func metrics() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        _ = try await server.request("GET", "/health")
        let page = try await server.request("GET", "/metrics")
        #expect(page.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        #expect(
            page.text.contains(
                #"vdb_http_requests_total{route="/health",method="GET",status="200"} 1"#))
        #expect(page.text.contains(#"vdb_rejected_total{reason="timed_out"} 0"#))
        #expect(page.text.contains(#"vdb_documents{collection="default"} 4"#))
        #expect(page.text.contains("vdb_commit_seconds_count 0"))
        _ = try await server.request(
            "POST", "/v1/collections/default/query", #"{"query":"oceans","mode":"lexical"}"#)
        _ = try await server.request(
            "PUT", "/v1/collections/default/documents/new", #"{"text":"new"}"#)
        let later = try await server.request("GET", "/metrics").text
        #expect(
            later.contains(
                #"vdb_query_seconds_count{collection="default",mode="lexical"} 1"#))
        #expect(later.contains(#"vdb_query_phase_seconds_count{phase="lexical"} 1"#))
        #expect(
            later.contains(
                #"vdb_ingest_documents_total{collection="default",outcome="inserted"} 1"#))
        #expect(later.contains("vdb_commit_seconds_count 1"))
        #expect(page.text.contains("process_resident_memory_bytes "))
    }
}

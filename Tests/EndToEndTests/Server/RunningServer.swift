import Foundation
import FoundationNetworking
import TestSupport
import Testing

/// A `vdb serve` that runs, on a free port.
final class RunningServer: @unchecked Sendable {
    let process: Process
    /// `http://127.0.0.1:PORT`
    let url: String
    let port: UInt16
    private let errors: String

    /// An answer.
    struct Answer {
        let status: Int
        let headers: [String: String]
        let text: String

        var object: [String: Any] { Program.object(text) }
        var code: String? { object.string("code") }
        /// Each line as a JSON object.
        var objects: [[String: Any]] {
            text.split(separator: "\n").map { Program.object(String($0)) }
        }
    }

    init(
        _ vdb: Program, _ options: String..., database: String? = nil,
        listen: String = "127.0.0.1:0", environment: [String: String] = [:]
    ) throws {
        errors = vdb.path("errors-\(UUID().uuidString)")
        try Data().write(to: URL(fileURLWithPath: errors))
        let output = Pipe.uninherited()
        process = try vdb.start(
            ["serve", "--db", database ?? vdb.database, "--listen", listen] + options,
            input: FileHandle.nullDevice, output: output,
            errors: FileHandle(forWritingAtPath: errors), environment: environment)
        var line = Data()
        while !line.contains(10) {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            line += data
        }
        let start = Program.object(String(decoding: line, as: UTF8.self))
        url = start.string("listening") ?? ""
        port = URL(string: url)?.port.map(UInt16.init) ?? 0
        if url.isEmpty {
            process.waitUntilExit()
            Issue.record("vdb serve did not start: \(messages)")
        }
    }

    deinit {
        if process.isRunning {
            process.terminate()
            process.waitUntilExitOrKill()
        }
    }

    /// What the server wrote to standard error.
    var messages: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    /// - Parameter body: JSON, unless `headers` say otherwise.
    func request(
        _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        try await request(method, path, data: body.map { Data($0.utf8) }, headers: headers)
    }

    func request(
        _ method: String, _ path: String, data: Data?, headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: url + path)))
        request.httpMethod = method
        request.httpBody = data
        if data != nil {
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (answer, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        var fields: [String: String] = [:]
        for (name, value) in http.allHeaderFields {
            fields["\(name)".lowercased()] = "\(value)"
        }
        return Answer(
            status: http.statusCode, headers: fields, text: String(decoding: answer, as: UTF8.self))
    }

    /// Sends SIGTERM and waits for the end.
    func terminate() -> Int32 {
        process.terminate()
        process.waitUntilExitOrKill()
        return process.terminationStatus
    }
}

/// A connection to a server, byte by byte.
final class RawConnection {
    private let descriptor: Int32
    private var pending: [UInt8] = []
    /// Whether the server has closed the connection, as opposed to being silent.
    private(set) var isEnded = false

    init(port: UInt16) throws {
        // SOCK_CLOEXEC: a program that is started meanwhile would keep the connection open.
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(descriptor >= 0 && result == 0)
        // A server that does not answer fails the test instead of hanging it.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    private var isClosed = false

    func close() {
        if !isClosed { Foundation.close(descriptor) }
        isClosed = true
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(
                    descriptor, $0.baseAddress! + start, $0.count - start, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            start += count
        }
    }

    /// One chunk of a chunked body.
    func sendChunk(_ text: String) {
        send(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
    }

    /// Whether anything has come that was not read yet.
    var hasReceived: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !pending.isEmpty || poll(&request, 1, 0) > 0
    }

    /// The next line without its end; nil at the end of the connection, or after half a minute.
    func line() -> String? {
        while true {
            if let end = pending.firstIndex(of: 10) {
                defer { pending.removeSubrange(...end) }
                let line = String(decoding: pending[..<end], as: UTF8.self)
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { isEnded = true }
            if count <= 0 { return nil }
            pending += buffer[..<count]
        }
    }

    /// All that comes until the server closes the connection.
    func rest() -> String {
        var lines: [String] = []
        while let line = line() { lines.append(line) }
        lines.append(String(decoding: pending, as: UTF8.self))
        pending = []
        return lines.joined(separator: "\n")
    }

    /// The lines up to the next one that is a JSON object with this key, which is returned.
    func object(with key: String) -> [String: Any]? {
        while let line = line() {
            let object = Program.object(line)
            if object[key] != nil { return object }
        }
        return nil
    }

    /// The lines of a head, up to the empty one.
    func head() -> [String] {
        var lines: [String] = []
        while let line = line(), !line.isEmpty { lines.append(line) }
        return lines
    }
}

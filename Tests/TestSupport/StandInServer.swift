import Foundation
import Synchronization

/// An HTTP/1.1 server on loopback for tests: a thread for each connection, one request each.
package final class StandInServer: Sendable {
    package struct Request: Sendable {
        package var method = ""
        /// With its `%XX`, without the query.
        package var path = ""
        package var query = ""
        /// By their names in lower case.
        package var headers: [String: String] = [:]
    }

    package struct Response: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]
        /// The connection is cut after so many bytes of the body.
        package var cut: Int?
        /// Pause after each 16 KiB.
        package var delay: Duration?
        /// In place of the body's length; 0 or less: none is said.
        package var announced: Int?

        package init(
            _ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []
        ) {
            (self.status, self.headers, self.body) = (status, headers, body)
        }
    }

    package let port: UInt16
    private let listener: Int32
    private let handler: @Sendable (Request) -> Response
    private let state = Mutex<(requests: [Request], sent: Int)>(([], 0))

    package var address: String { "http://127.0.0.1:\(port)" }

    /// What was asked so far.
    package var requests: [Request] { state.withLock(\.requests) }

    /// Bytes of bodies sent so far.
    package var bytesSent: Int { state.withLock(\.sent) }

    /// Nothing listens.
    package struct CannotListen: Error {}

    package init(handler: @escaping @Sendable (Request) -> Response) throws {
        self.handler = handler
        signal(SIGPIPE, SIG_IGN)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, pointer, &size) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard isBound else { throw CannotListen() }
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                guard let server = self else {
                    close(connection)
                    return
                }
                Thread.detachNewThread { server.serve(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = Self.read(connection) else { return }
        state.withLock { $0.requests.append(request) }
        let response = handler(request)
        var head = "HTTP/1.1 \(response.status) Stand-in\r\nConnection: close\r\n"
        for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
        let announced = response.announced ?? response.body.count
        if announced > 0 || response.announced == nil {
            head += "Content-Length: \(announced)\r\n"
        }
        guard Self.send(Array((head + "\r\n").utf8)[...], connection) else { return }
        if request.method == "HEAD" { return }
        var rest = response.body[..<min(response.body.count, response.cut ?? .max)]
        while !rest.isEmpty {
            let piece = rest.prefix(1 << 14)
            guard Self.send(piece, connection) else { return }
            state.withLock { $0.sent += piece.count }
            rest = rest.dropFirst(piece.count)
            if let delay = response.delay { Thread.sleep(forTimeInterval: delay / .seconds(1)) }
        }
    }

    private static func send(_ bytes: ArraySlice<UInt8>, _ connection: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let end = Array("\r\n\r\n".utf8)
        while !bytes.suffix(4).elementsEqual(end) {
            let count = Foundation.read(connection, &buffer, buffer.count)
            guard count > 0, bytes.count < 1 << 20 else { return nil }
            bytes += buffer[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        var request = Request(method: words[0])
        let target = words[1].split(separator: "?", maxSplits: 1).map(String.init)
        request.path = target.first ?? ""
        request.query = target.count > 1 ? target[1] : ""
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            request.headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
                .trimmingCharacters(in: .whitespaces)
        }
        return request
    }
}

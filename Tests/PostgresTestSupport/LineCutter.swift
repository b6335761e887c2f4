import Foundation
import Synchronization
import TestSupport

/// Stands between clients and a PostgreSQL server, and cuts a line at a chosen message of the protocol.
///
/// A **request** is what a client sends up to a Sync, a part or the end of a COPY, or the start of a
/// connection; an **answer** is what the server sends up to ReadyForQuery. Both are counted over all
/// connections, in the order in which they come.
package final class LineCutter: Sendable {
    package enum Moment: String, CaseIterable, Sendable {
        /// The server never sees the request.
        case beforeRequest
        /// The server does what is asked, while the client is gone.
        case afterRequest
        /// The server has done what was asked, and the client never learns it.
        case beforeAnswer
    }

    private struct Cut {
        let number: Int
        let moment: Moment
        /// Whether no connection is possible any more afterwards.
        let isFinal: Bool
    }

    private struct State {
        var cut: Cut?
        var count = 0
        var isDown = false
        var lines: [ObjectIdentifier: Line] = [:]
    }

    private let folder = TemporaryFolder()
    private let server: String
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter server: the folder of the server's socket.
    package init(server: String) throws {
        self.server = server
        listener = try Self.socket(folder.path) { descriptor, address, length in
            bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
        }
        // A pooler connects as another user.
        chmod("\(folder.path)/\(Self.name)", 0o777)
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0, let self else { return }
                self.serve(descriptor)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// The folder of its own socket.
    package var host: String { folder.path }

    /// The same database, through this.
    package func uri(_ uri: String) -> String { uri.replacing(server, with: host) }

    /// Cuts the line of the message with this number, counted from 1 and from now on.
    package func cut(_ moment: Moment, _ number: Int, isFinal: Bool = false) {
        state.withLock {
            ($0.cut, $0.count) = (Cut(number: number, moment: moment, isFinal: isFinal), 0)
        }
    }

    /// Lets everything through.
    ///
    /// - Returns: whether a line has been cut.
    @discardableResult
    package func mend() -> Bool {
        state.withLock { state in
            defer { (state.cut, state.isDown) = (nil, false) }
            return state.cut.map { state.count >= $0.number } ?? false
        }
    }

    // MARK: Lines

    /// A client's connection, and the one that takes it to the server.
    private final class Line: Sendable {
        let client: Int32
        let server: Int32

        init(client: Int32, server: Int32) { (self.client, self.server) = (client, server) }

        deinit {
            close(client)
            close(server)
        }

        /// The client sees the end at once; the server after all that it was sent.
        func cut() {
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_WR))
        }
    }

    private func serve(_ client: Int32) {
        let isDown = state.withLock { $0.isDown }
        guard !isDown,
            let server = try? Self.socket(self.server, { connect($0, $1, $2) == 0 })
        else {
            close(client)
            return
        }
        let line = Line(client: client, server: server)
        state.withLock { $0.lines[ObjectIdentifier(line)] = line }
        Thread.detachNewThread { [weak self] in
            var requests = Messages(hasStart: true)
            while let bytes = Self.receive(client) {
                for (type, message) in requests.add(bytes) {
                    // Sync, a simple query, parts and ends of a COPY, and the first message, which has none.
                    guard type.map({ "SQdcf".utf8.contains($0) }) ?? true else {
                        requests.hold(message)
                        continue
                    }
                    let isCut = self?.isCut(.beforeRequest, line) ?? true
                    if isCut { break }
                    Self.send(requests.take(message), to: server)
                    if self?.isCut(.afterRequest, line) ?? true { break }
                }
            }
            shutdown(server, Int32(SHUT_WR))
        }
        Thread.detachNewThread { [weak self] in
            var answers = Messages(hasStart: false)
            while let bytes = Self.receive(server) {
                for (type, message) in answers.add(bytes) {
                    // ReadyForQuery, the beginning of a COPY, and what is said of passwords.
                    guard let type, "ZGR".utf8.contains(type) else {
                        answers.hold(message)
                        continue
                    }
                    if type == UInt8(ascii: "Z"), self?.isCut(.beforeAnswer, line) ?? true { break }
                    Self.send(answers.take(message), to: client)
                }
            }
            // Why the server ends the connection.
            Self.send(answers.take([]), to: client)
            line.cut()
            self?.state.withLock { _ = $0.lines.removeValue(forKey: ObjectIdentifier(line)) }
        }
    }

    /// Counts a message, and cuts its line if it is the one.
    private func isCut(_ moment: Moment, _ line: Line) -> Bool {
        let cut: [Line] = state.withLock { state in
            guard let cut = state.cut, cut.moment == moment else { return [] }
            state.count += 1
            guard state.count == cut.number else { return [] }
            state.isDown = cut.isFinal
            return cut.isFinal ? Array(state.lines.values) : [line]
        }
        for line in cut { line.cut() }
        return cut.contains { $0 === line }
    }

    // MARK: Messages

    /// The messages in a stream of bytes: a type of one byte, except in the first of a client, and a length.
    private struct Messages {
        private var bytes: [UInt8] = []
        private var held: [UInt8] = []
        private var hasStart: Bool

        init(hasStart: Bool) { self.hasStart = hasStart }

        /// - Returns: the messages that are whole now, with their types.
        mutating func add(_ new: [UInt8]) -> [(type: UInt8?, message: [UInt8])] {
            bytes += new
            var messages: [(type: UInt8?, message: [UInt8])] = []
            var start = 0
            while true {
                let type = hasStart ? 0 : 1
                guard bytes.count >= start + type + 4 else { break }
                let length = bytes[(start + type)..<(start + type + 4)]
                    .reduce(0) { $0 << 8 | Int($1) }
                let end = start + type + length
                guard length >= 4, bytes.count >= end else { break }
                messages.append((hasStart ? nil : bytes[start], Array(bytes[start..<end])))
                hasStart = false
                start = end
            }
            bytes.removeFirst(start)
            return messages
        }

        /// Keeps a message until the next that is sent.
        mutating func hold(_ message: [UInt8]) { held += message }

        mutating func take(_ message: [UInt8]) -> [UInt8] {
            defer { held = [] }
            return held + message
        }
    }

    // MARK: Sockets

    /// What PostgreSQL's clients look for in a folder.
    private static let name = ".s.PGSQL.5432"

    /// SOCK_CLOEXEC of Linux.
    private static let closeOnExec: Int32 = 0o2000000

    /// A socket in a folder.
    private static func socket(
        _ folder: String, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("\(folder)/\(name)".utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw POSIXError(.ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let descriptor = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | closeOnExec, 0)
        let isUsed = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isUsed else {
            let code = errno
            close(descriptor)
            throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
        }
        return descriptor
    }

    /// - Returns: `nil` at the end.
    private static func receive(_ descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(bytes.prefix(count)) : nil
        }
    }

    /// Sends all, unless the other end is gone.
    private static func send(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0, errno == EINTR { continue }
            if sent <= 0 { return }
            rest = rest.dropFirst(sent)
        }
    }
}

import JSON
import Synchronization
import VectorDatabase

/// The lines of an NDJSON ingest's answer: written by the ingest, read by the connection.
///
/// Only the newest acknowledgment waits, and a bounded number of errors; the summary counts all.
final class IngestReport: Sendable {
    /// An error that ends the ingest, with the line that it is about.
    struct Fault: Error {
        let line: Int
        let underlying: any Error
    }

    private struct State {
        var acknowledged = 0
        var written = 0
        var errors: [[UInt8]] = []
        var lost = 0
        /// The last line, once there is one.
        var last: [UInt8]?
        var isTold = false
        var lastWrite: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let changes = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let instance: String

    /// The most errors that wait for a client that does not read.
    private static let waitingErrors = 1000
    private static let interval = Duration.seconds(1)

    /// - Parameter instance: the request's id.
    init(instance: String) { self.instance = instance }

    // MARK: The ingest

    /// The first `lines` lines of the body are durable.
    func acknowledge(_ lines: Int) {
        state.withLock { $0.acknowledged = max($0.acknowledged, lines) }
        changes.continuation.yield()
    }

    func skip(_ error: any Error, line: Int) {
        let bytes = errorLine(error, line: line)
        state.withLock { state in
            if state.errors.count < Self.waitingErrors {
                state.errors.append(bytes)
            } else {
                state.lost += 1
            }
        }
        changes.continuation.yield()
    }

    func finish(_ summary: IngestSummary) { end(summary.json.bytes + [10]) }

    func fail(_ error: any Error) {
        if let fault = error as? Fault {
            end(errorLine(fault.underlying, line: fault.line))
        } else {
            end(errorLine(error, line: nil))
        }
    }

    private func end(_ bytes: [UInt8]) {
        state.withLock { $0.last = bytes }
        changes.continuation.yield()
    }

    private func errorLine(_ error: any Error, line: Int?) -> [UInt8] {
        var object = JSONWriter()
        object.set("error", Problem(for: error).json(instance: instance))
        if let line { object.set("line", line) }
        return object.bytes + [10]
    }

    // MARK: The connection

    /// The next lines to write; `nil` after the last. Acknowledgments come at most once a second.
    func next() async -> [UInt8]? {
        var iterator = changes.stream.makeAsyncIterator()
        while true {
            if state.withLock({ $0.isTold }) { return nil }
            if let lines = take() { return lines }
            if isWaiting {
                // Something waits for its second to come; an end does not wait.
                try? await Task.sleep(for: .milliseconds(50))
                if Task.isCancelled { return nil }
            } else if await iterator.next() == nil {
                return nil
            }
        }
    }

    private var isWaiting: Bool {
        state.withLock { $0.acknowledged > $0.written || !$0.errors.isEmpty }
    }

    private func take() -> [UInt8]? {
        state.withLock { state in
            let now = ContinuousClock.now
            if state.last == nil {
                guard state.acknowledged > state.written || !state.errors.isEmpty else {
                    return nil
                }
                if let lastWrite = state.lastWrite, now - lastWrite < Self.interval { return nil }
            }
            state.lastWrite = now
            var lines = Array(state.errors.joined())
            state.errors = []
            if state.acknowledged > state.written {
                state.written = state.acknowledged
                var line = JSONWriter()
                line.set("acknowledged", state.acknowledged)
                lines += line.bytes + [10]
            }
            if let last = state.last {
                lines += last
                state.isTold = true
            }
            return lines
        }
    }
}

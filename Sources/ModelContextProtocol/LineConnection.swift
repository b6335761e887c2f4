import Dispatch
import FileFormat
import Foundation
import JSON
import Synchronization

/// A client on a pair of streams, one message a line: MCP's transport over standard input and output.
///
/// Invariants:
/// 1. A line that is written is a whole message, and nothing else is ever written.
/// 2. Each request gets one answer, in any order, or none if it was cancelled before its answer was
///    written.
/// 3. A thread of its own reads, so that a silent client costs nothing and a busy server still
///    notices a cancellation. It stops reading while `maximumRunning` requests run: memory is
///    bounded by that many lines and answers.
/// 4. The end of the input ends the connection when all requests are answered.
package final class LineConnection: Sendable {
    private let server: Server
    private let write: @Sendable ([UInt8]) throws -> Void
    private let note: @Sendable (Note) -> Void
    private let maximumLineLength: Int
    private let slots: DispatchSemaphore
    private let state = Mutex(State())
    /// Held while a line is written, so that lines do not mix.
    private let output = Mutex(())

    /// 32 MiB, as the body of a request over HTTP.
    package static let defaultLineLength = 32 << 20
    /// The most requests that run at once.
    package static let defaultMaximumRunning = 32
    /// The most messages in one array.
    static let maximumBatch = 100

    private struct State {
        var running: [RequestIdentifier: Running] = [:]
        /// Messages whose answers are not written yet, those that are in `running` included.
        var unanswered = 0
        var isAtEnd = false
        /// Writing has failed, or the connection's task was cancelled.
        var isBroken = false
        var finished: CheckedContinuation<Void, Never>?
    }

    private struct Running {
        let task: Task<Void, Never>
        var isCancelled = false
    }

    /// What may interest the person who runs the server.
    package enum Note: Sendable {
        /// A line was not a message.
        case invalidLine(number: Int, ProtocolError)
        case cannotRead(any Error)
    }

    /// - Parameters:
    ///   - maximumLineLength: in bytes; a longer line is answered with an error and skipped.
    ///   - note: called from any thread.
    ///   - write: writes a line, its line feed included; called by one thread at a time. If it
    ///     throws, the client has gone, and the connection ends.
    package init(
        server: Server, maximumLineLength: Int = LineConnection.defaultLineLength,
        maximumRunning: Int = LineConnection.defaultMaximumRunning,
        note: @escaping @Sendable (Note) -> Void = { _ in },
        write: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.server = server
        self.maximumLineLength = maximumLineLength
        self.note = note
        self.write = write
        slots = DispatchSemaphore(value: maximumRunning)
    }

    /// Serves the client until its input ends and all requests are answered, or until the task is
    /// cancelled. Call it once.
    ///
    /// - Parameter open: opens the input, on the thread that reads it. Reading may block.
    package func run(reading open: @escaping @Sendable () -> any ByteStream) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    state.finished = continuation
                    return state.isBroken
                }
                if isOver { return finish() }
                let thread = Thread { [self] in
                    read(open())
                    state.withLock { $0.isAtEnd = true }
                    finish()
                }
                thread.stackSize = 1 << 20
                thread.name = "vdb.client"
                thread.start()
            }
        } onCancel: {
            end()
        }
    }

    /// Cancels all requests and ends the connection without waiting for them.
    private func end() {
        let tasks = state.withLock { state in
            state.isBroken = true
            return state.running.values.map(\.task)
        }
        for task in tasks { task.cancel() }
        finish()
    }

    /// Lets `run` return if everything is done.
    private func finish() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.isBroken || (state.isAtEnd && state.unanswered == 0) else { return nil }
            defer { state.finished = nil }
            return state.finished
        }
        continuation?.resume()
    }

    // MARK: Reading

    private func read(_ stream: any ByteStream) {
        let lines = LineReader(stream, limit: maximumLineLength)
        while !state.withLock({ $0.isBroken }) {
            do {
                guard let line = try lines.next({ Array($0) }) else { return }
                receive(line, number: lines.line)
            } catch let error as LineReader.LineTooLong {
                refuse(
                    ProtocolError(
                        .invalidRequest, "the message is longer than \(error.limit) bytes"),
                    line: error.line)
            } catch {
                note(.cannotRead(error))
                return
            }
        }
    }

    private func receive(_ line: [UInt8], number: Int) {
        if line.allSatisfy({ $0 == 32 || $0 == 9 }) { return }
        let value: JSONValue
        do { value = try JSONValue(parsing: line) } catch {
            return refuse(ProtocolError(.parseError, "not JSON: \(error)"), line: number)
        }
        guard let values = value.arrayValue else {
            expect()
            return receive(value, line: number) { [self] in deliver($0) }
        }
        guard (1...Self.maximumBatch).contains(values.count) else {
            let error = ProtocolError(
                .invalidRequest, "an array must have 1 to \(Self.maximumBatch) messages")
            return refuse(error, line: number)
        }
        expect()
        let batch = Batch(count: values.count) { [self] in deliver($0) }
        for value in values { receive(value, line: number) { batch.add($0) } }
    }

    /// - Parameter deliver: called once, with the answer if there is one.
    private func receive(
        _ value: JSONValue, line: Int, deliver: @escaping @Sendable ([UInt8]?) -> Void
    ) {
        do throws(Message.Invalid) {
            switch try Message(value) {
            case .request(let request): start(request, deliver: deliver)
            case .notification(let method, let parameters):
                if method == "notifications/cancelled" { cancel(parameters) }
                deliver(nil)
            case .response: deliver(nil)
            }
        } catch {
            note(.invalidLine(number: line, error.error))
            deliver(Reply(error.id, error: error.error).bytes)
        }
    }

    private func refuse(_ error: ProtocolError, line: Int) {
        note(.invalidLine(number: line, error))
        expect()
        deliver(Reply(nil, error: error).bytes)
    }

    // MARK: Running

    private func start(_ request: Request, deliver: @escaping @Sendable ([UInt8]?) -> Void) {
        slots.wait()
        let id = request.id
        let isNew = state.withLock { state in
            guard state.running[id] == nil else { return false }
            // The task cannot end before it is in the table: its end needs this lock.
            state.running[id] = Running(
                task: Task { [self] in
                    let reply = await server.answer(request)
                    let running = self.state.withLock { $0.running.removeValue(forKey: id) }
                    deliver(running?.isCancelled == true ? nil : reply.bytes)
                    slots.signal()
                })
            return true
        }
        if !isNew {
            slots.signal()
            let error = ProtocolError(
                .invalidRequest, "a request with the id \(id.value.jsonText) is still running")
            deliver(Reply(id, error: error).bytes)
        }
    }

    /// A request that is unknown or answered already is ignored, as the protocol says.
    private func cancel(_ parameters: JSONObject) {
        guard let id = parameters["requestId"].flatMap({ RequestIdentifier($0) }) else { return }
        let task = state.withLock { state in
            state.running[id]?.isCancelled = true
            return state.running[id]?.task
        }
        task?.cancel()
    }

    // MARK: Writing

    private func expect() { state.withLock { $0.unanswered += 1 } }

    private func deliver(_ message: [UInt8]?) {
        var hasFailed = false
        if let message, !state.withLock({ $0.isBroken }) {
            let line = message + [UInt8(ascii: "\n")]
            hasFailed = output.withLock { _ in
                do { try write(line) } catch { return true }
                return false
            }
        }
        state.withLock { $0.unanswered -= 1 }
        if hasFailed { end() } else { finish() }
    }
}

/// The answers to the messages of an array, which are one array (revision 2025-03-26).
private final class Batch: Sendable {
    private struct State {
        var left: Int
        var answers: [[UInt8]] = []
    }

    private let state: Mutex<State>
    private let deliver: @Sendable ([UInt8]?) -> Void

    /// - Parameter deliver: called once, with nil if no message has an answer.
    init(count: Int, deliver: @escaping @Sendable ([UInt8]?) -> Void) {
        state = Mutex(State(left: count))
        self.deliver = deliver
    }

    func add(_ answer: [UInt8]?) {
        let answers = state.withLock { state -> [[UInt8]]? in
            state.left -= 1
            if let answer { state.answers.append(answer) }
            return state.left == 0 ? state.answers : nil
        }
        guard let answers else { return }
        deliver(
            answers.isEmpty
                ? nil
                : [UInt8(ascii: "[")] + Array(answers.joined(separator: [UInt8(ascii: ",")]))
                    + [UInt8(ascii: "]")])
    }
}

import AutoRegEmbed
import FileFormat
import Foundation
import JSON
import Synchronization
import TextBytes

/// The file of what a language model answered: a JSON object a line for each query, in the queries'
/// order, which the stage respond reads.
///
/// A line is written as soon as those before it are, in one piece. A process that is killed leaves
/// whole lines and at most one torn one; resuming drops that and continues after it.
package final class AnswersFile: Sendable {
    package struct Query: Sendable {
        let id: String
        let text: String

        package init(id: String, text: String) { (self.id, self.text) = (id, text) }
    }

    /// Why answers cannot be written to a file.
    package enum Failure: Error, Equatable {
        /// Another process is writing to it.
        case busy(path: String)
        /// It has more lines than there are queries.
        case moreLines(path: String)
        /// A line, from 1, is not the answer to the query with this id.
        case otherQuery(path: String, line: Int, id: String)
    }

    private struct State {
        /// Answers whose turn has not come, by the query's number.
        var waiting: [Int: Answer] = [:]
        /// The number of lines written.
        var count: Int
        var failure: (any Error)?
    }

    package let path: String
    private let queries: [Query]
    private let prompt: String?
    private let descriptor: Int32
    private let state: Mutex<State>
    /// The number of lines that were there.
    package let keptCount: Int

    private static let fileSystem = SystemFileSystem()

    /// Opens or creates the file.
    ///
    /// - Parameters:
    ///   - prompt: the instruction that precedes each query; nil for none.
    ///   - resumes: whether to keep the whole lines that are there, which must be those of the first
    ///     queries.
    /// - Throws: ``Failure``, `FileError`
    package init(_ path: String, queries: [Query], prompt: String?, resumes: Bool) throws {
        (self.path, self.queries, self.prompt) = (path, queries, prompt)
        let system = Self.fileSystem
        descriptor = try system.open(path, flags: O_WRONLY | O_CREAT, mode: 0o644)
        do {
            guard try system.tryLock(descriptor, path: path) else {
                throw Failure.busy(path: path)
            }
            let kept = resumes ? try Self.kept(path, queries, prompt) : (lines: 0, bytes: 0)
            try system.truncate(descriptor, to: kept.bytes, path: path)
            lseek(descriptor, off_t(kept.bytes), SEEK_SET)
            keptCount = kept.lines
            state = Mutex(State(count: kept.lines))
        } catch {
            system.close(descriptor)
            throw error
        }
    }

    deinit { Self.fileSystem.close(descriptor) }

    /// Lets the model answer the queries whose lines are not there yet.
    ///
    /// - Parameters:
    ///   - isCancelled: asked before each token; returning true throws `CancellationError`. What was
    ///     written until then stays.
    ///   - advance: receives the number of tokens generated since the last call, from any thread.
    ///   - progress: receives each answer, from any thread.
    /// - Throws: `AutoRegEmbedError`; `FileError`; `CancellationError`
    package func complete(
        with generator: AnswerGenerator, isCancelled: @escaping @Sendable () -> Bool,
        advance: @escaping @Sendable (Int) -> Void = { _ in },
        progress: @escaping @Sendable (Answer) -> Void
    ) throws {
        do {
            try generator.answer(
                queries[keptCount...].map(\.text),
                isCancelled: { isCancelled() || self.hasFailed }, advance: advance
            ) { index, answer in
                self.add(answer, number: self.keptCount + index)
                progress(answer)
            }
        } catch let error as CancellationError {
            try finish()
            throw error
        }
        try finish()
    }

    /// Takes an answer, from any thread, and writes all whose turn has come.
    private func add(_ answer: Answer, number: Int) {
        state.withLock { state in
            state.waiting[number] = answer
            var bytes: [UInt8] = []
            while let next = state.waiting.removeValue(forKey: state.count) {
                bytes += line(next, queries[state.count])
                state.count += 1
            }
            guard !bytes.isEmpty, state.failure == nil else { return }
            do {
                try bytes.withUnsafeBytes {
                    try Self.fileSystem.writeFully(descriptor, $0, path: path)
                }
            } catch { state.failure = error }
        }
    }

    /// Whether a line could not be written, so that there is no use in further ones.
    private var hasFailed: Bool { state.withLock { $0.failure != nil } }

    /// Makes what was written durable.
    ///
    /// - Throws: `FileError`, also for a line that could not be written.
    private func finish() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try Self.fileSystem.synchronize(descriptor, path: path)
    }

    private func line(_ answer: Answer, _ query: Query) -> [UInt8] {
        var line = JSONWriter()
        line.set("id", query.id)
        line.set("query", query.text)
        if let prompt { line.set("prompt", prompt) }
        line.set("answer", answer.text)
        line.set("tokens", answer.tokenCount)
        line.set("finished", .bool(answer.isFinished))
        return line.bytes + [UInt8(ascii: "\n")]
    }

    /// The whole lines at the file's beginning.
    private static func kept(
        _ path: String, _ queries: [Query], _ prompt: String?
    ) throws -> (lines: Int, bytes: Int) {
        let file = try MappedFile(path: path)
        return try withExtendedLifetime(file) {
            var (lines, start) = (0, 0)
            while let end = file.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                guard lines < queries.count else { throw Failure.moreLines(path: path) }
                let value = try? JSONValue(parsing: Array(file.bytes[start..<end]))
                func has(_ key: String, _ text: String) -> Bool {
                    (value?[key]?.stringValue ?? "").hasSameBytes(as: text)
                }
                let query = queries[lines]
                guard has("id", query.id), has("query", query.text), has("prompt", prompt ?? "")
                else {
                    throw Failure.otherQuery(path: path, line: lines + 1, id: query.id)
                }
                (lines, start) = (lines + 1, end + 1)
            }
            return (lines, start)
        }
    }
}

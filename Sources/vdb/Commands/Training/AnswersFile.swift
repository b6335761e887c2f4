import AutoRegEmbed
import FileFormat
import Foundation
import JSON
import Synchronization
import TextBytes

/// The file that `vdb generate` writes: a JSON object a line for each query, in the queries' order.
///
/// A line is written as soon as those before it are, in one piece. A process that is killed leaves
/// whole lines and at most one torn one; `--resume` drops that and goes on after it.
final class AnswersFile: Sendable {
    struct Query: Sendable {
        let id: String
        let text: String
    }

    private struct State {
        /// Answers whose turn has not come, by the query's number.
        var waiting: [Int: Answer] = [:]
        /// The number of lines written.
        var count: Int
        var failure: (any Error)?
    }

    let path: String
    private let queries: [Query]
    private let prompt: String?
    private let descriptor: Int32
    private let state: Mutex<State>
    /// The number of lines that were there.
    let keptCount: Int

    private static let fileSystem = SystemFileSystem()

    /// Opens or creates the file.
    ///
    /// - Parameters:
    ///   - prompt: the instruction that precedes each query; nil for none.
    ///   - resumes: whether to keep the whole lines that are there, which must be those of the first
    ///     queries.
    init(_ path: String, queries: [Query], prompt: String?, resumes: Bool) throws {
        (self.path, self.queries, self.prompt) = (path, queries, prompt)
        let system = Self.fileSystem
        descriptor = try system.open(path, flags: O_WRONLY | O_CREAT, mode: 0o644)
        do {
            guard try system.tryLock(descriptor, path: path) else {
                throw CommandFailure(.temporary, "\(path): another process is writing to it")
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

    /// Takes an answer, from any thread, and writes all whose turn has come.
    func add(_ answer: Answer, number: Int) {
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
    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    /// Makes what was written durable.
    ///
    /// - Throws: `FileError`, also for a line that could not be written.
    func finish() throws {
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
                guard lines < queries.count else {
                    throw CommandFailure(
                        .badData, "\(path): has more lines than there are queries")
                }
                let value = try? JSONValue(parsing: Array(file.bytes[start..<end]))
                func has(_ key: String, _ text: String) -> Bool {
                    (value?[key]?.stringValue ?? "").hasSameBytes(as: text)
                }
                let query = queries[lines]
                guard has("id", query.id), has("query", query.text), has("prompt", prompt ?? "")
                else {
                    throw CommandFailure(
                        .badData,
                        "\(path): line \(lines + 1) is not the answer to query '\(query.id)'; leave "
                            + "--resume out to begin again")
                }
                (lines, start) = (lines + 1, end + 1)
            }
            return (lines, start)
        }
    }
}

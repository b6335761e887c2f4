import FileFormat
import Foundation
import JSON
import Synchronization
import VectorDatabase

/// The file of `--rejects`: what could not be read or stored, one JSON object a line, written as it
/// happens.
///
/// `path` is the file or folder, `line` the line or row if the failure is of one, `id` the document's
/// if it was read, `error` what is wrong, and `status` the exit status that it stands for.
final class RejectsFile: Sendable {
    private let path: String
    private let descriptor: Int32
    /// The first failure to write.
    private let failure = Mutex<(any Error)?>(nil)

    init(path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw CommandFailure(
                .cannotCreate,
                "--rejects: \(path): cannot be created: \(String(cString: strerror(errno)))")
        }
    }

    deinit { Foundation.close(descriptor) }

    func add(_ failure: SourceFailure) {
        write(
            path: failure.error.path, line: failure.error.line, id: nil,
            error: failure.error.sentence, status: failure.error.status)
    }

    func add(_ error: any Error, _ document: Document) {
        let failure = CommandFailure(error)
        write(
            path: document.source?.path, line: document.source?.position, id: document.id,
            error: failure?.message ?? "\(error)", status: failure?.status ?? .badData)
    }

    private func write(
        path: String?, line: Int?, id: String?, error: String, status: ExitStatus
    ) {
        var object = JSONWriter()
        if let path { object.set("path", path) }
        if let line { object.set("line", line) }
        if let id { object.set("id", id) }
        object.set("error", error)
        object.set("status", Int(status.rawValue))
        let bytes = object.bytes + [10]
        failure.withLock { failure in
            if failure != nil { return }
            do {
                try bytes.withUnsafeBytes {
                    try SystemFileSystem().writeFully(descriptor, $0, path: self.path)
                }
            } catch { failure = error }
        }
    }

    /// - Throws: if anything could not be written.
    func close() throws {
        if let error = failure.withLock({ $0 }) {
            throw CommandFailure(.inputOutput, "--rejects: \(error)")
        }
    }
}

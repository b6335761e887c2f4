import FileFormat
import Foundation
import JSON

/// The JSON Lines log: one object a step, written when the step ends.
final class TrainingLog {
    private let path: String
    private let handle: FileHandle

    /// Opens the log. A resumed run keeps the lines up to its saved step, so that no step appears
    /// twice; any other run starts an empty log.
    init(path: String, keepingThrough step: Int?) throws(TrainingError) {
        self.path = path
        do {
            var kept: [UInt8] = []
            if let step, let old = FileManager.default.contents(atPath: path) {
                for line in old.split(separator: UInt8(ascii: "\n")) {
                    guard let number = (try? JSONValue(parsing: line))?["step"]?.integerValue,
                        number <= step
                    else { continue }
                    kept += line + [UInt8(ascii: "\n")]
                }
            }
            let file = try AtomicFile(path: path)
            try file.write(kept)
            try file.commit()
            guard let handle = FileHandle(forWritingAtPath: path) else {
                throw FileError.system(operation: "open", path: path, code: errno)
            }
            try handle.seekToEnd()
            self.handle = handle
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .cannotWrite(path: path, error)
        }
    }

    deinit { try? handle.close() }

    func append(_ step: TrainingStep) throws(TrainingError) {
        do { try handle.write(contentsOf: Data((step.json + "\n").utf8)) } catch {
            throw .cannotWrite(path: path, error)
        }
    }
}

import FileFormat

/// Writes files in addition to a command's answer.
enum TextFile {
    /// Writes the file atomically.
    static func write(_ text: String, to path: String) throws {
        do {
            let file = try AtomicFile(path: path)
            try file.write(Array(text.utf8))
            try file.commit()
        } catch {
            throw CommandFailure(.cannotCreate, "\(path): cannot be written: \(error)")
        }
    }
}

import FileFormat

/// Files that a command writes beside its answer.
enum TextFile {
    /// Writes the file whole, or not at all.
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

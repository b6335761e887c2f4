import AutoRegEmbed
import FileFormat
import Foundation
import JSON

/// Everything that generated answers depend on, beside their file: with it they can be generated
/// again, and a run is not resumed with something else.
struct GenerationRecord {
    let chat: String
    let prompt: String?
    let model: String
    let arithmetic: String
    let maximumTokens: Int
    let maximumLength: Int

    private var fields: [(key: String, value: JSONValue)] {
        [
            ("model", .string(model)), ("arithmetic", .string(arithmetic)),
            ("chat", .string(chat)), ("prompt", prompt.map { .string($0) } ?? .null),
            ("max_tokens", .integer(Int64(maximumTokens))),
            ("max_length", .integer(Int64(maximumLength))),
        ]
    }

    func write(to path: String) throws {
        var line = JSONWriter()
        for (key, value) in fields { line.set(key, value) }
        try TextFile.write(line.text + "\n", to: path)
    }

    /// Throws if the record at `path`, if there is one, says that the answers depend on something
    /// else.
    func check(against path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        let file = try MappedFile(path: path)
        let recorded = try? withExtendedLifetime(file) { try JSONValue(parsing: file.bytes) }
        for (key, value) in fields where recorded?[key] ?? .null != value {
            throw CommandFailure(
                .badData,
                "\(path): the answers were begun with another \"\(key)\"; pass the same, or leave "
                    + "--resume out to begin again")
        }
    }
}

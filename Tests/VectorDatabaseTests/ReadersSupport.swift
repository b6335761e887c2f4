import Foundation
import Testing
import VectorDatabase

/// A folder that goes when the test does.
final class ScratchFolder {
    let path: String

    init() {
        path =
            URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("vdb-test-" + UUID().uuidString).path
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, folders on its way included, and returns its path.
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = URL(fileURLWithPath: path).appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }
}

/// All documents of some paths.
func read(_ paths: [String], _ change: (inout SourceOptions) -> Void = { _ in }) async throws
    -> [Document]
{
    var options = SourceOptions()
    change(&options)
    var documents: [Document] = []
    for try await document in try DocumentReader(paths, options: options) {
        documents.append(document)
    }
    return documents
}

/// The sentence of the error that reading a path ends with.
func failure(_ path: String, _ change: (inout SourceOptions) -> Void = { _ in }) async -> String {
    do {
        let documents = try await read([path], change)
        return "no error, \(documents.count) documents"
    } catch {
        return "\(error)".replacingOccurrences(
            of: (path as NSString).deletingLastPathComponent + "/", with: "")
    }
}

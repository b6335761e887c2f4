import Foundation
import Testing
import VectorDatabase

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

/// The description of the error that reading a path throws.
func failure(_ path: String, _ change: (inout SourceOptions) -> Void = { _ in }) async -> String {
    do {
        let documents = try await read([path], change)
        return "no error, \(documents.count) documents"
    } catch {
        return "\(error)".replacingOccurrences(
            of: (path as NSString).deletingLastPathComponent + "/", with: "")
    }
}

import Evaluation
import FileFormat
import Foundation

/// Where the documents of an evaluation are kept encoded: a database that belongs to this collection's
/// content and this model, so that no other run can be misled by it.
///
/// Beside the database, `….complete` is written when the last document is in; with it a later run
/// reads nothing of the collection but queries and judgments.
final class EvalCache {
    private let collection: TestCollection
    private let fingerprint: String?
    private let given: String?
    private var made: String?

    /// - Parameters:
    ///   - fingerprint: the model's; nil where nothing is encoded.
    ///   - given: a database that the user named: it is used as it is, and filled every time.
    init(collection: TestCollection, fingerprint: String?, given: String?) {
        self.collection = collection
        self.fingerprint = fingerprint
        self.given = given
    }

    var shownPath: String { given ?? made ?? "" }

    func path() throws -> String {
        if let given { return given }
        if let made { return made }
        let hasher = ContentHasher()
        let corpus = try MappedFile(path: collection.corpus.path(percentEncoded: false))
        corpus.advise(.sequential)
        hasher.update(corpus.bytes)
        hasher.update(fingerprint ?? "lexical")
        let environment = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? ""
        let home =
            environment.isEmpty
            ? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
            : URL(filePath: environment)
        let folder = home.appending(path: "vdb/eval")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            let path = folder.path(percentEncoded: false)
            throw CommandFailure(.cannotCreate, "\(path): \(error.localizedDescription)")
        }
        let file = "\(collection.name)-\(hasher.finalize().hexadecimal.prefix(16)).vdb"
        let path = folder.appending(path: file).path(percentEncoded: false)
        made = path
        return path
    }

    var isComplete: Bool {
        guard given == nil, let path = try? path() else { return false }
        return [path, path + ".complete"].allSatisfy(FileManager.default.fileExists(atPath:))
    }

    func markComplete(documents: Int) throws {
        guard given == nil else { return }
        try Data("\(documents)\n".utf8).write(to: URL(filePath: try path() + ".complete"))
    }
}

import Evaluation
import FileFormat
import Foundation
import PostgresStorage

/// The database with an evaluation's encoded documents. Its name is derived from the collection's
/// content and the model, so that it is only used for the same ones.
///
/// Next to the database, `….complete` is written after the last document; a later run then reads
/// only queries and judgments of the collection.
final class EvalCache {
    private let collection: TestCollection
    private let fingerprint: String?
    private let given: DatabaseLocation?
    private var made: String?

    /// - Parameters:
    ///   - fingerprint: the model's; nil if nothing is encoded.
    ///   - given: a database given by the user, which is filled every time.
    init(collection: TestCollection, fingerprint: String?, given: DatabaseLocation?) {
        self.collection = collection
        self.fingerprint = fingerprint
        self.given = given
    }

    var shownPath: String { given?.description ?? made ?? "" }

    func location() throws -> DatabaseLocation { try given ?? .file(path: path()) }

    private func path() throws -> String {
        if let made { return made }
        let hasher = ContentHasher()
        let corpus = try MappedFile(path: collection.corpus.path(percentEncoded: false))
        corpus.advise(.sequential)
        hasher.update(corpus.bytes)
        hasher.update(fingerprint ?? "lexical")
        let home =
            Environment.value(of: "XDG_CACHE_HOME").map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
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

import DefaultModel
import Foundation
import VectorDatabase

/// A folder of notes that can be asked:
///
///     swift run notes FOLDER QUESTION…
///
/// The first run encodes every note; later ones only what has changed, and forget what is gone.
@main
struct Notes {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let folder = arguments.first, arguments.count > 1 else {
            print("usage: notes FOLDER QUESTION…")
            return
        }
        let question = arguments.dropFirst().joined(separator: " ")
        do { try await answer(question, from: folder) } catch {
            print(error)
            exit(1)
        }
    }

    static func answer(_ question: String, from folder: String) async throws {
        let database = try Database(
            path: folder + "/.notes.vdb", embedder: DefaultModel.embedder())
        let notes = database.collection()

        var options = IngestOptions()
        options.chunking = Chunking(maximumTokens: 128, overlapTokens: 16)
        options.synchronizedSources = [DocumentReader.source(ofPath: folder)]
        let summary = try await notes.ingest(DocumentReader([folder]), options: options) {
            if $0.stage == .storing { print("\r\($0.stored.documents) notes", terminator: "") }
        }
        print("\r\(summary.inserted + summary.replaced) new, \(summary.deleted) gone")

        for hit in try await notes.query(question, limit: 3).hits {
            print("\n\(hit.rank). \(hit.title.isEmpty ? hit.id : hit.title)\n\(hit.text)")
        }
        try database.close()
    }
}

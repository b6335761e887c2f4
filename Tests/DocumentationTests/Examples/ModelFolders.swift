import AutoRegEmbed
import DefaultModel
import Foundation
import TestSupport
import Testing
import VectorDatabase

/// The examples of `ModelFolders.md`, with the built-in model's files as the folder.
struct ModelFolders {
    @Test func fromFolderToDatabase() async throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("model")
        let databasePath = scratch.file("notes.vdb")
        for file in DefaultModel.File.carried {
            try scratch.write("model/" + file.rawValue, Array(file.bytes))
        }

        let embedder = try AutoRegEmbedder(folder: URL(fileURLWithPath: path))
        let query = try embedder.encode(["what makes lift?"], instruction: .next)[0]
        let passage = try embedder.encode(["A wing moves air down."], instruction: .self_)[0]
        let score = zip(query.vector, passage.vector).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(score > -1 && score < 1)

        var options = AutoRegEmbedder.Options()
        options.precision = .float32
        options.pooling = .mean
        let baseline = try AutoRegEmbedder(folder: URL(fileURLWithPath: path), options: options)
        #expect(baseline.identity.fingerprint != embedder.identity.fingerprint)

        let database = try Database(path: databasePath, embedder: embedder)
        try database.close()
    }
}

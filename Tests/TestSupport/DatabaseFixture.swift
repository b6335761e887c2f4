import FileFormat
import Foundation

/// A small database that a version of the program wrote, kept for ever: one folder for each under
/// `Fixtures/databases`, with what it holds beside it in `expected.json.zst`.
package struct DatabaseFixture: Sendable, CustomStringConvertible {
    /// The folder's name: `format-1`.
    package let name: String
    private let folder: String

    package var description: String { name }

    /// The name of the database among the unpacked files.
    package static let database = "corpus.vdb"

    /// Every version's, by name.
    package static let all: [DatabaseFixture] = {
        let root = Bundle.module.bundlePath + "/Fixtures/databases"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.sorted().map { DatabaseFixture(name: $0, folder: root + "/" + $0) }
    }()

    /// Decompresses the files into a folder.
    ///
    /// - Parameter caches: whether index and vectors files come along.
    /// - Returns: the path of the database.
    @discardableResult
    package func unpack(into destination: String, caches: Bool = true) throws -> String {
        let ending = ".zst"
        for file in try FileManager.default.contentsOfDirectory(atPath: folder)
        where file.hasPrefix(Self.database) && (caches || file == Self.database + ending) {
            try read(file).write(
                to: URL(fileURLWithPath: destination + "/" + file.dropLast(ending.count)))
        }
        return destination + "/" + Self.database
    }

    package func expected() throws -> ExpectedDatabase {
        try JSONDecoder().decode(ExpectedDatabase.self, from: read("expected.json.zst"))
    }

    private func read(_ name: String) throws -> Data {
        let stream = try decompressing(DescriptorStream(path: folder + "/" + name)).stream
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try stream.read(into: $0) }
            if count == 0 { return Data(bytes) }
            bytes += chunk[..<count]
        }
    }
}

/// What a database is to answer.
package struct ExpectedDatabase: Codable, Sendable {
    package var collections: [Collection] = []

    package init() {}

    package struct Collection: Codable, Sendable {
        package var name: String
        package var metric: String
        package var dimensions: Int
        /// Of the `HashEmbedding` that made its vectors; nil for ready-made ones.
        package var seed: UInt64?
        package var indexedFields: [String] = []
        package var documents: [Document] = []
        /// Identifiers that were deleted.
        package var deleted: [String] = []
        package var filters: [Filter] = []
        package var lexical: [Lexical] = []
        /// A re-encoding was begun and not finished.
        package var isReencoding = false

        package init(name: String, metric: String, dimensions: Int, seed: UInt64?) {
            self.name = name
            self.metric = metric
            self.dimensions = dimensions
            self.seed = seed
        }
    }

    package struct Document: Codable, Sendable, Equatable {
        package var id: String
        package var title: String
        package var text: String
        /// JSON with sorted keys.
        package var metadata: String
        /// Texts of its passages, in order.
        package var passages: [String]
        /// A ready-made vector.
        package var vector: [Float]?

        package init(
            id: String, title: String, text: String, metadata: String, passages: [String],
            vector: [Float]?
        ) {
            self.id = id
            self.title = title
            self.text = text
            self.metadata = metadata
            self.passages = passages
            self.vector = vector
        }
    }

    /// A `--where` expression and the documents that it lets pass.
    package struct Filter: Codable, Sendable {
        package var expression: String
        package var ids: [String]

        package init(expression: String, ids: [String]) {
            self.expression = expression
            self.ids = ids
        }
    }

    /// A lexical query and the version's own answer.
    package struct Lexical: Codable, Sendable {
        package var query: String
        package var hits: [String]
        package var scores: [Double]

        package init(query: String, hits: [String], scores: [Double]) {
            self.query = query
            self.hits = hits
            self.scores = scores
        }
    }
}

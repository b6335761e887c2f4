import AutoRegEmbed
import Foundation
import GRDB
import TestSupport
import VectorDatabase

/// Looks at a database after a run: everything that can be read of it is what was written, and
/// everything that answers from a cache answers as brute force does.
struct Verifier {
    /// Whose `vdb check` is run; nil asks the library.
    let program: String?
    /// Of the ready-made vectors; 0 where `vdb` encodes the texts.
    private(set) var givenDimensions: Int
    /// The model that has no folder.
    var builtIn: (any Embedder)?
    private let dimensions: Int
    /// What `vdb` encoded, by document and model, as first seen: the same ever after.
    private var encoded: [String: [Float]] = [:]

    init(program: String?, dimensions: Int) {
        self.program = program
        self.dimensions = dimensions
        givenDimensions = dimensions
    }

    /// A new database.
    mutating func startAfresh(isEncoded: Bool) {
        encoded = [:]
        givenDimensions = isEncoded ? 0 : dimensions
    }

    /// - Returns: which version of which document is stored.
    mutating func verify(_ path: String, random: inout RandomSource) async throws -> StoredVersions
    {
        if let program {
            let check = try ChildProcess(program: program).run(
                ["check", "--db", path], kill: .never)
            // Whoever was killed while making it left a file with nothing in it.
            if check.status == 66 { return [:] }
            guard check.status == 0 else {
                throw failure("vdb check ends with \(check.status ?? -1): \(check.text)")
            }
        }
        var options = DatabaseOptions()
        options.access = .readOnly
        options.findEmbedder = { [builtIn] recorded in
            try RecordedModelFinder().find(recorded) ?? builtIn
        }
        let database = try VectorDatabase.Database(path: path, options: options)
        defer { try? database.close() }
        return try await verify(database, random: &random)
    }

    /// The same of a database that is open.
    mutating func verify(_ database: VectorDatabase.Database, random: inout RandomSource)
        async throws -> StoredVersions
    {
        try integrityCheck(database.path)
        if program == nil {
            let report = try await database.check()
            guard report.isSound else { throw failure("check finds \(report.findings)") }
        }
        let collection = database.collection()
        guard try collection.exists else { return [:] }
        let documents = try await read(collection)
        guard !documents.isEmpty else { return [:] }
        if givenDimensions == 0 {
            try await expectEncoded(collection, documents, random: &random)
        }
        try await expectRight(collection, documents, random: &random)
        return Dictionary(
            uniqueKeysWithValues: documents.map { ($0.sample.number, $0.sample.version) })
    }

    private func failure(_ reason: String) -> KillLoop.Failure { .init(description: reason) }

    private func integrityCheck(_ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        let lines = try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
        guard lines == ["ok"] else { throw failure("integrity_check: \(lines.prefix(3))") }
    }

    // MARK: Reading

    private struct Stored {
        let sample: SampleDocument
        let vector: [Float]
    }

    /// Every document, compared with what was written.
    private mutating func read(_ collection: DocumentCollection) async throws -> [Stored] {
        let statistics = try collection.statistics(includesBytes: false)
        let fingerprint = statistics.model?.fingerprint ?? ""
        var found: [Stored] = []
        for try await document in collection.export(includesVectors: true) {
            guard case .integer(let number)? = document.metadata["n"],
                case .integer(let version)? = document.metadata["v"]
            else { throw failure("document \(document.id) has other metadata") }
            let sample = SampleDocument(number: Int(number), version: Int(version))
            guard document.id == sample.id, document.title == sample.title,
                document.text == sample.text, let vector = document.vector
            else { throw failure("document \(document.id) is not as it was written") }
            if givenDimensions > 0 {
                guard vector == sample.vector(dimensions: givenDimensions) else {
                    throw failure("document \(document.id) has another vector")
                }
            } else {
                let key = "\(fingerprint) \(number) \(version)"
                if let known = encoded[key], Self.dot(known, vector) < 0.999 {
                    throw failure("document \(document.id) has another vector than before")
                }
                encoded[key] = vector
            }
            found.append(Stored(sample: sample, vector: vector))
        }
        guard found.count == statistics.documents else {
            throw failure("\(statistics.documents) documents are counted, \(found.count) stored")
        }
        return found
    }

    /// A few vectors are what the recorded model makes of their texts.
    private func expectEncoded(
        _ collection: DocumentCollection, _ documents: [Stored], random: inout RandomSource
    ) async throws {
        let chosen = (0..<3).map { _ in random.pick(documents) }
        let made = try await collection.embedder.embedDocuments(
            chosen.map { Document.embeddedText(title: $0.sample.title, text: $0.sample.text) })
        for (document, embedding) in zip(chosen, made)
        where Self.dot(document.vector, embedding.vector) < 0.99 {
            throw failure("document \(document.sample.id) has a vector of another model")
        }
    }

    // MARK: Queries

    private static let limit = 10

    private func expectRight(
        _ collection: DocumentCollection, _ documents: [Stored], random: inout RandomSource
    ) async throws {
        var recalled = 0
        var wanted = 0
        let vectors = Dictionary(uniqueKeysWithValues: documents.map { ($0.sample.id, $0.vector) })
        for _ in 0..<4 {
            let query = random.pick(documents).vector
            let scores = documents.map { Self.dot($0.vector, query) }.sorted(by: >)
            let expected = scores.prefix(Self.limit)
            var question = Query(vector: query, limit: Self.limit)
            question.isExact = true
            let exact = try await collection.query(question).hits
            try compare(exact, vectors, query)
            guard exact.count == expected.count,
                zip(exact, expected).allSatisfy({ abs($0.score - Double($1)) < 1e-5 })
            else { throw failure("an exact query gives other hits than brute force") }
            question.isExact = false
            question.ef = 300
            let walked = try await collection.query(question).hits
            try compare(walked, vectors, query)
            guard walked.count == expected.count else {
                throw failure("a query by the index gives \(walked.count) hits")
            }
            let worst = Double(expected.last ?? 0) - 1e-5
            recalled += walked.count { $0.score >= worst }
            wanted += expected.count
        }
        if Double(recalled) < 0.9 * Double(wanted) {
            throw failure("the index finds \(recalled) of \(wanted) nearest")
        }
        try await expectFiltered(collection, documents, random: &random)
        try await expectWords(collection, documents, random: &random)
    }

    /// A filter, by the field's index or without one, lets pass what it should.
    private func expectFiltered(
        _ collection: DocumentCollection, _ documents: [Stored], random: inout RandomSource
    ) async throws {
        let first = random.pick(documents).sample.number
        let last = first + Int.random(in: 0...500, using: &random)
        var query = Query(vector: random.pick(documents).vector, limit: 1000)
        query.filter = try Filter("n >= \(first) AND n <= \(last)")
        let expected = Set(
            documents.map(\.sample).filter { (first...last).contains($0.number) }.map(\.id))
        for isExact in [false, true] {
            query.isExact = isExact
            let found = try await collection.query(query).hits.map(\.id)
            guard Set(found) == expected, found.count == expected.count else {
                throw failure(
                    """
                    n from \(first) to \(last): \(found.count) found \(isExact ? "exactly" : ""), \
                    \(expected.count) stored
                    """)
            }
        }
    }

    /// Hits are stored documents with their own scores.
    private func compare(_ hits: [Hit], _ vectors: [String: [Float]], _ query: [Float]) throws {
        for hit in hits {
            guard let vector = vectors[hit.id] else {
                throw failure("\(hit.id) is found and not stored")
            }
            guard abs(Double(Self.dot(vector, query)) - hit.score) < 1e-4 else {
                throw failure("\(hit.id) is found with the score \(hit.score)")
            }
        }
    }

    private func expectWords(
        _ collection: DocumentCollection, _ documents: [Stored], random: inout RandomSource
    ) async throws {
        // Each text ends in its number and version: rare words.
        let sample = random.pick(documents).sample
        let words = Set(["\(sample.number)"])
        let matching = documents.count { document in
            let parts = (document.sample.title + " " + document.sample.text)
                .split { !$0.isLetter && !$0.isNumber }.map(String.init)
            return !words.isDisjoint(with: parts)
        }
        var query = Query("\(sample.number)", limit: 1000, mode: .lexical)
        query.fetchesContent = true
        let hits = try await collection.query(query).hits
        guard hits.count == min(1000, matching) else {
            throw failure(
                "'\(sample.number)' is found in \(hits.count) documents and stands in \(matching)")
        }
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
}

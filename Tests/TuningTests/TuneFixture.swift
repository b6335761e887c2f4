import AutoRegEmbed
import Evaluation
import Foundation
import PostgresStorage
import PostgresTestSupport
import RandomNumbers
import Synchronization
import Testing
import Training
import TrainingTestSupport
import VectorDatabase

@testable import Tuning

/// A small database encoded by the tiny model, with judged queries.
struct TuneFixture {
    let files: TrainingFixture
    let documents: [Document]
    let queries: [(id: String, text: String)]
    let base: String
    /// A path, or the URI of a database in PostgreSQL.
    let database: String

    static let words = "the wing of a plane lifts it when air flows faster above than below"
        .split(separator: " ").map(String.init)

    /// - Parameter model: a folder of the fixtures.
    init(model: String = "tiny", on store: TestStore = .file) throws {
        files = try TrainingFixture()
        database = store == .file ? files.output("corpus.vdb") : try TestServer.database()
        // A copy: tests damage nothing of the fixtures, and paths are the scratch folder's.
        base = files.output("base")
        try FileManager.default.copyItem(atPath: TrainingFixture.path(model), toPath: base)
        var generator = SeededGenerator(seed: 11)
        func sentence(_ count: Int) -> String {
            (0..<count).map { _ in Self.words[generator.below(Self.words.count)] }
                .joined(separator: " ")
        }
        documents = (0..<48).map { Document(id: "d\($0)", text: sentence(4 + $0 % 7)) }
        queries = (0..<24).map { ("q\($0)", sentence(3)) }
    }

    func remove() { files.remove() }

    /// Query i is about documents 2i and 2i + 1.
    var judgments: Judgments {
        var grades: [Identifier: [Identifier: Int]] = [:]
        for place in queries.indices {
            grades[Identifier("q\(place)")] = [
                Identifier("d\(2 * place)"): 1, Identifier("d\(2 * place + 1)"): 2,
            ]
        }
        return Judgments(grades)
    }

    func open(_ embedder: (any Embedder)? = nil, path: String? = nil) throws -> Database {
        var options = DatabaseOptions()
        options.embedder = embedder
        options.findEmbedder = RecordedModelFinder().find
        options.threads = 2
        return try DatabaseLocation(path ?? database).open(options)
    }

    /// The database with its documents, made once.
    func ingest(metric: Metric? = nil) async throws {
        let database = try open(try AutoRegEmbedder(folder: URL(filePath: base)))
        var options = IngestOptions()
        options.metric = metric
        _ = try await database.collection().ingest(documents, options: options)
        try database.close()
    }

    func options(_ output: String = "tuned") -> TuneOptions {
        var options = TuneOptions(output: files.output(output), threads: 2)
        options.heldOutQueries = 6
        options.mining.fromRank = 3
        options.mining.toRank = 20
        options.mining.negatives = 2
        options.saveSteps = 1
        options.replacesWorse = true
        for place in options.stages.indices {
            options.stages[place].batchSize = 4
            options.stages[place].leastSteps = 1
            options.stages[place].mostSteps = 3
            // Three steps must change the tiny model.
            options.stages[place].learningRate *= 256
        }
        return options
    }

    func tuner(
        _ database: Database, _ options: TuneOptions? = nil, judgments: Judgments? = nil
    ) -> Tuner {
        Tuner(
            collection: database.collection(), queries: queries,
            judgments: judgments ?? self.judgments, options: options ?? self.options())
    }

    /// nDCG@10 by encoding everything and sorting.
    func ndcg(of folder: String, queries ids: [String], judgments: Judgments) throws -> Double {
        let embedder = try AutoRegEmbedder(folder: URL(filePath: folder))
        let vectors = try embedder.encode(documents.map(\.embeddedText), instruction: .self_)
        let asked = queries.filter { ids.contains($0.id) }
        let encoded = try embedder.encode(asked.map(\.text), instruction: .next)
        var run = Run(name: "brute force")
        var grades: [Identifier: [Identifier: Int]] = [:]
        for (query, vector) in zip(asked, encoded) {
            run[Identifier(query.id)] = zip(documents, vectors).map { document, other in
                let score = zip(vector.vector, other.vector).reduce(0) { $0 + $1.0 * $1.1 }
                return Run.Hit(document: Identifier(document.id), score: score)
            }
            grades[Identifier(query.id)] = judgments[Identifier(query.id)]
        }
        return Measurements(of: run, against: Judgments(grades), measures: [NDCG(10)]).means[0]
    }

    /// Judges relevant what the database finds first: no other model can do better, and a stage that
    /// changes nothing keeps that.
    func firstHits(in database: Database) async throws -> Judgments {
        var grades: [Identifier: [Identifier: Int]] = [:]
        for query in queries {
            let answer = try await database.collection().query(query.text, limit: 1, mode: .dense)
            grades[Identifier(query.id)] = [Identifier(try #require(answer.hits.first).id): 1]
        }
        return Judgments(grades)
    }

    /// The figures before and after are those of brute force over the held-out queries.
    func expectFigures(
        of report: TuneReport, _ options: TuneOptions, location: SourceLocation = #_sourceLocation
    ) throws {
        let heldOut = try TuneJournal(reading: options.output + "/tune/journal.json").split.heldOut
        for (folder, value) in [(base, report.before), (options.output, report.after)] {
            let expected = try ndcg(of: folder, queries: heldOut.map(\.id), judgments: judgments)
            #expect(
                abs(value - expected) < 1e-9, "\(value), brute force \(expected)",
                sourceLocation: location)
        }
    }

    /// The vectors in the database are those of the model in `folder`.
    func expectVectors(
        of folder: String, in database: Database, location: SourceLocation = #_sourceLocation
    ) throws {
        let vectors = try AutoRegEmbedder(folder: URL(filePath: folder))
            .encode(documents.map(\.embeddedText), instruction: .self_)
        for (document, expected) in zip(documents, vectors) {
            let stored = try database.collection().document(document.id, includesVector: true)
            let found = try #require(stored?.vector)
            #expect(
                zip(found, expected.vector).allSatisfy { abs($0 - $1) < 1e-5 },
                sourceLocation: location)
        }
    }

    /// Runs until `stop` says so, which must happen.
    func run(
        _ tuner: Tuner, resuming: Bool = false,
        until stop: @escaping @Sendable (TuneProgress) -> Bool
    )
        async throws
    {
        let canceller = Canceller()
        let task = Task {
            try await tuner.run(resuming: resuming) { if stop($0) { canceller.cancel() } }
        }
        canceller.set { task.cancel() }
        let result = await task.result
        #expect(throws: (any Error).self) { _ = try result.get() }
        #expect(canceller.wasCalled)
    }
}

/// Cancels a task that may not be known yet.
private final class Canceller: Sendable {
    private let state = Mutex<(isCalled: Bool, action: (@Sendable () -> Void)?)>((false, nil))

    var wasCalled: Bool { state.withLock { $0.isCalled } }

    func set(_ action: @escaping @Sendable () -> Void) {
        let isCalled = state.withLock { state in
            state.action = action
            return state.isCalled
        }
        if isCalled { action() }
    }

    func cancel() {
        let action = state.withLock { state in
            state.isCalled = true
            return state.action
        }
        action?()
    }
}

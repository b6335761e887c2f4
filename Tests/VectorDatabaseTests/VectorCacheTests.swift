import Foundation
import TestSupport
import Testing
import VectorDatabase

/// Thresholds are lowered, so that small collections have graphs and tails.
struct VectorCacheTests {
    static func open(_ path: String, access: DatabaseOptions.Access = .create) throws -> Database {
        var options = DatabaseOptions()
        options.access = access
        options.embedder = TestEmbedder()
        options.cachePolicy.smallestGraphLag = 200
        options.cachePolicy.smallestFlatLag = 50
        options.cachePolicy.batch = 64
        return try Database(path: path, options: options)
    }

    /// Whether queries by the index and by exact search agree with brute force.
    static func expectRight(
        _ collection: DocumentCollection, _ documents: [Document],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let metric = try collection.statistics(includesBytes: false).metric
        let vectors = QueryTests.vectors(documents)
        var found = 0
        let wanted = 5 * min(10, documents.count)
        for number in 0..<5 {
            let text = SampleTexts.text(9000 + number)
            let truth = QueryTests.bruteForce(
                vectors, HashEmbedding.vector(of: text, dimensions: 32), metric: metric
            ).prefix(10)
            var query = Query(text, limit: 10, mode: .dense)
            query.isExact = true
            let exact = try await collection.query(query)
            #expect(exact.hits.count == truth.count, sourceLocation: sourceLocation)
            for (hit, expected) in zip(exact.hits, truth) {
                #expect(abs(hit.score - expected.score) < 1e-5, sourceLocation: sourceLocation)
            }
            query.isExact = false
            let walked = try await collection.query(query)
            #expect(walked.hits.count == truth.count, sourceLocation: sourceLocation)
            found += Set(walked.hits.map(\.id)).intersection(truth.map(\.id)).count
        }
        // A few rows are scanned, so all are found; a graph may miss some.
        #expect(found >= (wanted < 50 ? wanted : 47), sourceLocation: sourceLocation)
    }

    @Test func aGraphIsBuiltAndItsTailScanned() async throws {
        let folder = TemporaryFolder()
        let database = try Self.open(folder.file("a.vdb"))
        let collection = database.collection()
        var documents = SampleTexts.documents(0..<1000)
        try await collection.ingest(documents)
        var index = try collection.statistics().index
        #expect(index.state == .graph)
        #expect(index.graphRows == 1000)
        #expect(index.tailRows == 0)
        try await Self.expectRight(collection, documents)

        // A few more: scanned, not inserted.
        let more = SampleTexts.documents(1000..<1100)
        try await collection.ingest(more)
        documents += more
        index = try collection.statistics().index
        #expect(index.graphRows == 1000)
        #expect(index.tailRows == 100)
        let answer = try await collection.query(more[5].text, limit: 1, mode: .dense)
        #expect(answer.hits.first?.id == more[5].id)
        #expect(answer.explanation.graphRows == 1000)
        #expect(answer.explanation.tailRows == 100)
        try await Self.expectRight(collection, documents)

        // Enough more: the graph is extended.
        let many = SampleTexts.documents(1100..<1400)
        try await collection.ingest(many)
        documents += many
        #expect(try collection.statistics().index.graphRows == 1400)
        try await Self.expectRight(collection, documents)
        #expect(try await database.check().findings.isEmpty)
        try database.close()
    }

    @Test func deletedAndReplacedRowsAreNeverFound() async throws {
        let folder = TemporaryFolder()
        let database = try Self.open(folder.file("a.vdb"))
        let collection = database.collection()
        var documents = SampleTexts.documents(0..<600)
        try await collection.ingest(documents)
        let gone = documents[100..<140].map(\.id)
        #expect(try await collection.delete(gone) == 40)
        #expect(try await collection.delete(gone) == 0)
        documents.removeSubrange(100..<140)
        #expect(try collection.statistics().index.deletedRows == 40)
        try await Self.expectRight(collection, documents)
        for number in 0..<30 {
            documents[number].text = SampleTexts.text(70_000 + number)
        }
        try await collection.ingest(Array(documents[0..<30]))
        try await Self.expectRight(collection, documents)
        #expect(try await database.check().isSound)
        // Enough that the graph is repaired.
        let filter = try Filter("number >= 200 AND number < 400")
        #expect(try await collection.delete(where: filter) == 200)
        documents.removeAll { document in
            guard case .integer(let number)? = document.metadata["number"] else { return false }
            return (200..<400).contains(number)
        }
        #expect(try collection.statistics().index.deletedRows == 0)
        try await Self.expectRight(collection, documents)
        #expect(try await database.check().findings.isEmpty)
        try database.close()
    }

    enum Damage: String, CaseIterable {
        case graphMissing, flatMissing, bothMissing, graphCut, flatCut, graphFlipped, flatFlipped
        case swapped, foreign, empty
    }

    @Test(arguments: Damage.allCases)
    func damagedCachesAreNeitherTrustedNorFatal(damage: Damage) async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let (graph, flat) = (path + "-index", path + "-vectors")
        var documents = SampleTexts.documents(0..<300)
        var database = try Self.open(path)
        try await database.collection().ingest(documents)
        try database.close()
        let manager = FileManager.default
        func change(_ file: String, _ body: (inout Data) -> Void) throws {
            var data = try Data(contentsOf: URL(fileURLWithPath: file))
            body(&data)
            // A new file, as made by an editor or a restored backup: others keep their mapping.
            try data.write(to: URL(fileURLWithPath: file), options: .atomic)
        }
        switch damage {
        case .graphMissing: try manager.removeItem(atPath: graph)
        case .flatMissing: try manager.removeItem(atPath: flat)
        case .bothMissing:
            try manager.removeItem(atPath: graph)
            try manager.removeItem(atPath: flat)
        case .graphCut: try change(graph) { $0 = $0.prefix($0.count / 2) }
        case .flatCut: try change(flat) { $0 = $0.prefix($0.count - 7) }
        case .graphFlipped: try change(graph) { $0[$0.count - 9] ^= 1 }
        case .flatFlipped: try change(flat) { $0[$0.count - 9] ^= 1 }
        case .swapped:
            let data = try Data(contentsOf: URL(fileURLWithPath: flat))
            try change(flat) { $0 = (try? Data(contentsOf: URL(fileURLWithPath: graph))) ?? $0 }
            try change(graph) { $0 = data }
        case .foreign:
            let other = try Self.open(folder.file("b.vdb"))
            try await other.collection().ingest(SampleTexts.documents(5000..<5300))
            try other.close()
            try change(graph) { data in
                data =
                    (try? Data(contentsOf: URL(fileURLWithPath: folder.file("b.vdb-index"))))
                    ?? data
            }
            try change(flat) { data in
                data =
                    (try? Data(contentsOf: URL(fileURLWithPath: folder.file("b.vdb-vectors"))))
                    ?? data
            }
        case .empty:
            try change(graph) { $0 = Data() }
            try change(flat) { $0 = Data() }
        }
        let reader = try Self.open(path, access: .readOnly)
        try await Self.expectRight(reader.collection(), documents)
        let report = try await reader.check()
        #expect(!report.findings.isEmpty)
        let isSound: Set<Damage> = [.graphMissing, .flatMissing, .bothMissing, .foreign]
        #expect(report.isSound == isSound.contains(damage))
        try reader.close()

        // The next writer rebuilds them.
        database = try Self.open(path)
        documents.append(Document(id: "last", text: "quince"))
        try await database.collection().ingest([documents[300]])
        try await Self.expectRight(database.collection(), documents)
        #expect(try await database.check(repairing: true).isSound)
        #expect(try database.collection().statistics().index.state == .graph)
        try await Self.expectRight(database.collection(), documents)
        try database.close()
    }

    @Test func anOlderDatabaseBesideANewerIndex() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        var database = try Self.open(path)
        var documents = SampleTexts.documents(0..<500)
        try await database.collection().ingest(documents)
        try await database.backup(to: folder.file("old.vdb"))
        try await database.collection().ingest(SampleTexts.documents(500..<1000))
        try database.close()
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: folder.file("old.vdb"), toPath: path)
        database = try Self.open(path)
        try await Self.expectRight(database.collection(), documents)
        // The log grows past the index's position, with other content.
        let others = SampleTexts.documents(20_000..<20_800)
        try await database.collection().ingest(others)
        documents += others
        try await Self.expectRight(database.collection(), documents)
        #expect(try await database.check().isSound)
        try database.close()
    }

    /// Two copies of one database diverge, with the same number of documents each, so that
    /// positions, keys, sizes and parameters are equal; then one gets cache files of the other.
    @Test(
        arguments: [Metric.innerProduct, .cosine, .euclidean],
        [VectorQuantization.none, .int8])
    func cachesOfACopyThatWentOnApart(
        metric: Metric, quantization: VectorQuantization
    ) async throws {
        let folder = TemporaryFolder()
        let paths = ["a", "b"].map { folder.file("\($0).vdb") }
        var options = IngestOptions()
        options.metric = metric
        options.index.quantization = quantization
        let common = SampleTexts.documents(0..<300)
        let first = try Self.open(paths[0])
        try await first.collection().ingest(common, options: options)
        try await first.backup(to: paths[1])
        try first.close()
        for (path, start) in zip(paths, [10_000, 20_000]) {
            let database = try Self.open(path)
            // Rebuilt in the copy, so that both have them from the same position.
            try await database.compact()
            try await database.collection().ingest(SampleTexts.documents(start..<start + 300))
            #expect(try database.collection().statistics().index.graphRows == 600)
            try database.close()
        }
        let manager = FileManager.default
        for suffixes in [["-index"], ["-vectors"], ["-index", "-vectors"]] {
            for suffix in suffixes {
                try manager.removeItem(atPath: paths[0] + suffix)
                try manager.copyItem(atPath: paths[1] + suffix, toPath: paths[0] + suffix)
            }
            let reader = try Self.open(paths[0], access: .readOnly)
            let documents = common + SampleTexts.documents(10_000..<10_300)
            try await Self.expectRight(reader.collection(), documents)
            let report = try await reader.check()
            #expect(report.isSound)
            for suffix in suffixes {
                #expect(report.findings.contains { $0.subject == paths[0] + suffix })
            }
            try reader.close()
            let writer = try Self.open(paths[0])
            try await writer.compact()
            #expect(try await writer.check().findings.isEmpty)
            try await Self.expectRight(writer.collection(), documents)
            try writer.close()
        }
    }

    @Test func readersNoticeNewFiles() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let writer = try Self.open(path)
        var documents = SampleTexts.documents(0..<300)
        try await writer.collection().ingest(documents)
        let reader = try Self.open(path, access: .readOnly)
        try await Self.expectRight(reader.collection(), documents)
        #expect(try reader.collection().statistics().index.graphRows == 300)
        for round in 1...3 {
            let more = SampleTexts.documents(round * 1000..<round * 1000 + 300)
            try await writer.collection().ingest(more)
            documents += more
            try await Self.expectRight(reader.collection(), documents)
            #expect(try reader.collection().statistics().index.graphRows == documents.count)
        }
        try reader.close()
        try writer.close()
    }

    @Test func collectionsHaveFilesOfTheirOwn() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let database = try Self.open(path)
        let names = ["default", "index", "-wal", "Äpfel/../x"]
        for (number, name) in names.enumerated() {
            try await database.collection(name).ingest(
                SampleTexts.documents(number * 1000..<number * 1000 + 300))
        }
        for (number, name) in names.enumerated() {
            try await Self.expectRight(
                database.collection(name),
                SampleTexts.documents(number * 1000..<number * 1000 + 300))
        }
        #expect(try database.collectionNames() == names.sorted())
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.contains("a.vdb-index-index"))
        #expect(files.contains("a.vdb-%2Dwal-vectors"))
        #expect(files.contains("a.vdb-%C3%84pfel%2F..%2Fx-index"))
        try database.close()
    }
}

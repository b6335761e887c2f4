import Foundation
import LexicalIndex
import TestOracles
import TestSupport
import Testing
import VectorDatabase

/// Thresholds are lowered, so that small collections have a main segment, a recent one and a tail.
struct LexicalCacheTests {
    static func open(_ path: String, access: DatabaseOptions.Access = .create) throws -> Database {
        var options = DatabaseOptions()
        options.access = access
        options.embedder = TestEmbedder()
        options.cachePolicy.smallestLexicalLag = 40
        options.cachePolicy.smallestLexicalMerge = 150
        return try Database(path: path, options: options)
    }

    private static let queries = [
        "storing apples in straw", "cider press", "the orchard ladder and the pruning saw", "wasp",
        "note", "juice juice barrels", "leaf bark root graft stock scion tie wax prune shears",
        "zebra", "70003",
    ]

    /// Scores must equal those of a fresh index of the documents, to the last digit.
    static func expectRight(
        _ collection: DocumentCollection, _ documents: [Document], filter: Filter? = nil,
        matching: (Document) -> Bool = { _ in true },
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var builder = SegmentBuilder()
        for (number, document) in documents.enumerated() {
            builder.append(key: Int64(number), title: document.title, text: document.text)
        }
        let fresh = LexicalSnapshot([LiveSegment(builder.segment())])
        let allowed = documents.indices.filter { matching(documents[$0]) }.map(Int64.init)
        for text in queries {
            var expected = fresh.search(text, limit: documents.count + 1, allowed: allowed).hits
                .map { (id: documents[Int($0.key)].id, score: $0.score) }
            expected.sort { ($1.score, $0.id) < ($0.score, $1.id) }
            let query = Query(text, limit: 10, mode: .lexical, filter: filter)
            let hits = try await collection.query(query).hits
            #expect(
                hits.map(\.id) == expected.prefix(10).map(\.id), sourceLocation: sourceLocation)
            #expect(
                hits.map(\.score) == expected.prefix(10).map(\.score),
                sourceLocation: sourceLocation)
        }
    }

    private static func lexical(_ folder: TemporaryFolder, recent: Bool = false) -> String {
        folder.file("a.vdb-lexical" + (recent ? "-recent" : ""))
    }

    private static func isThere(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    @Test func scoresAreExactThroughChurnAndReopening() async throws {
        let folder = TemporaryFolder()
        var database = try Self.open(folder.file("a.vdb"))
        var collection = database.collection()
        var documents: [Document] = []
        var next = 0
        for round in 0..<8 {
            let count = [30, 200, 5, 60, 41, 300, 20, 90][round]
            var fresh = SampleTexts.documents(next..<next + count)
            for index in fresh.indices where index % 3 == round % 3 {
                fresh[index].text = SampleTexts.text(next + index, words: 3 + 20 * round)
            }
            next += count
            try await collection.ingest(fresh)
            documents += fresh
            try await Self.expectRight(collection, documents)

            let gone = documents.indices.filter { $0 % 7 == round % 7 }
            try await collection.delete(gone.map { documents[$0].id })
            for index in gone.reversed() { documents.remove(at: index) }
            try await Self.expectRight(collection, documents)

            // Replaced, so that they have new keys.
            for index in stride(from: round, to: documents.count, by: 11) {
                documents[index].text = SampleTexts.text(70_000 + next + index)
            }
            try await collection.ingest(documents)
            try await Self.expectRight(collection, documents)
            #expect(try await database.check().findings.isEmpty)
            if round % 2 == 1 {
                try database.close()
                database = try Self.open(folder.file("a.vdb"))
                collection = database.collection()
                try await Self.expectRight(collection, documents)
            }
            let reader = try Self.open(folder.file("a.vdb"), access: .readOnly)
            try await Self.expectRight(reader.collection(), documents)
            try reader.close()
        }
        #expect(Self.isThere(Self.lexical(folder)))
        let filter = try Filter("even AND number >= 100")
        try await Self.expectRight(collection, documents, filter: filter) { document in
            guard case .integer(let number)? = document.metadata["number"] else { return false }
            return number % 2 == 0 && number >= 100
        }
        try await database.compact()
        #expect(!Self.isThere(Self.lexical(folder, recent: true)))
        try await Self.expectRight(collection, documents)
        try await collection.delete(documents.map(\.id))
        #expect(!Self.isThere(Self.lexical(folder)))
        try await Self.expectRight(collection, [])
        try database.close()
    }

    /// On real text: the same passages as SQLite's FTS5 finds, and the scores that the formula
    /// gives for FTS5's occurrences of each stem.
    @Test func scoresAreThoseOfFTS5sWords() async throws {
        let folder = TemporaryFolder()
        let database = try Self.open(folder.file("a.vdb"))
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let documents = source.split(separator: "\n").enumerated().map { number, line in
            Document(id: "\(number)", text: String(line), title: "Zeile \(number % 9): Café naïve")
        }
        try await database.collection().ingest(documents)
        let oracle = try FullTextOracle(documents.map { ($0.title, $0.text) })
        for words in [
            ["the", "documents", "that", "are", "there"], ["cafe"],
            ["expectRight", "collection", "filters"], ["let"],
        ] {
            let expected = try oracle.scores(words)
            let hits = try await database.collection().query(
                words.joined(separator: " "), limit: 5000, mode: .lexical
            ).hits
            #expect(hits.count == expected.count && !hits.isEmpty)
            for hit in hits {
                #expect(abs(hit.score - (expected[Int(hit.id) ?? -1] ?? 0)) < 1e-9)
            }
        }
        try database.close()
    }

    /// Without files, a reader indexes everything in memory, once, and writes nothing.
    @Test func withoutFilesAReaderIndexesInMemory() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let database = try Self.open(path)
        var documents = SampleTexts.documents(0..<9000)
        try await database.collection().ingest(documents)
        try await database.collection().delete(["d7", "d5000"])
        documents.removeAll { ["d7", "d5000"].contains($0.id) }
        for recent in [false, true] {
            try? FileManager.default.removeItem(atPath: Self.lexical(folder, recent: recent))
        }
        let reader = try Self.open(path, access: .readOnly)
        try await Self.expectRight(reader.collection(), documents)
        for recent in [false, true] {
            #expect(!Self.isThere(Self.lexical(folder, recent: recent)))
        }
        // It follows a writer's changes, and then uses its files.
        let more = SampleTexts.documents(9000..<9400)
        try await database.collection().delete(["d1"])
        try await database.collection().ingest(more)
        documents.removeAll { $0.id == "d1" }
        documents += more
        #expect(Self.isThere(Self.lexical(folder)))
        try await Self.expectRight(reader.collection(), documents)
        try reader.close()
        try database.close()
    }

    enum Damage: String, CaseIterable {
        case mainMissing, recentMissing, bothMissing, mainCut, recentCut, mainFlipped
        case recentFlipped, exchanged, foreign, older, empty
    }

    @Test(arguments: Damage.allCases)
    func damagedFilesAreNeitherTrustedNorFatal(damage: Damage) async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let (main, recent) = (Self.lexical(folder), Self.lexical(folder, recent: true))
        var database = try Self.open(path)
        var documents = SampleTexts.documents(0..<300)
        try await database.collection().ingest(documents)
        let oldMain = try Data(contentsOf: URL(fileURLWithPath: main))
        let more = SampleTexts.documents(300..<400)
        try await database.collection().ingest(more)
        documents += more
        try await database.collection().delete(["d5"])
        documents.remove(at: 5)
        #expect(Self.isThere(main) && Self.isThere(recent))
        try database.close()

        func change(_ path: String, _ body: (inout Data) -> Void) throws {
            var data = try Data(contentsOf: URL(fileURLWithPath: path))
            body(&data)
            try data.write(to: URL(fileURLWithPath: path))
        }
        var isFault = false
        switch damage {
        case .mainMissing: try FileManager.default.removeItem(atPath: main)
        case .recentMissing: try FileManager.default.removeItem(atPath: recent)
        case .bothMissing:
            for path in [main, recent] { try FileManager.default.removeItem(atPath: path) }
        case .mainCut: try change(main) { $0 = $0.prefix($0.count - 100) }
        case .recentCut: try change(recent) { $0 = $0.prefix(5000) }
        case .mainFlipped:
            isFault = true
            try change(main) {
                for place in stride(from: 4100, to: 4400, by: 7) { $0[place] ^= 0x55 }
            }
        case .recentFlipped:
            isFault = true
            try change(recent) { $0[4099] ^= 0x10 }
        case .exchanged:
            let (first, second) = (
                try Data(contentsOf: URL(fileURLWithPath: main)),
                try Data(contentsOf: URL(fileURLWithPath: recent))
            )
            try second.write(to: URL(fileURLWithPath: main))
            try first.write(to: URL(fileURLWithPath: recent))
        case .foreign:
            let other = TemporaryFolder()
            let foreign = try Self.open(other.file("a.vdb"))
            try await foreign.collection().ingest(SampleTexts.documents(0..<300))
            try foreign.close()
            try Data(contentsOf: URL(fileURLWithPath: Self.lexical(other)))
                .write(to: URL(fileURLWithPath: main))
        case .older:
            try FileManager.default.removeItem(atPath: recent)
            try oldMain.write(to: URL(fileURLWithPath: main))
        case .empty: try Data().write(to: URL(fileURLWithPath: main))
        }

        let reader = try Self.open(path, access: .readOnly)
        if isFault {
            // A flipped bit can hide hits until a check finds it, but does no other harm.
            for query in Self.queries {
                _ = try await reader.collection().query(query, mode: .lexical)
            }
        } else {
            try await Self.expectRight(reader.collection(), documents)
        }
        try reader.close()
        database = try Self.open(path)
        let report = try await database.check()
        if isFault { #expect(!report.isSound) }
        let repaired = try await database.check(repairing: true)
        #expect(repaired.isSound)
        try await Self.expectRight(database.collection(), documents)
        // The database can be written to again.
        let last = SampleTexts.documents(400..<500)
        try await database.collection().ingest(last)
        documents += last
        try await Self.expectRight(database.collection(), documents)
        #expect(try await database.check().findings.isEmpty)
        try database.close()
    }

    @Test func aCopyThatWentOnApartIsNotBelieved() async throws {
        let folder = TemporaryFolder()
        let database = try Self.open(folder.file("a.vdb"))
        try await database.collection().ingest(SampleTexts.documents(0..<100))
        try await database.backup(to: folder.file("b.vdb"))
        let copy = try Self.open(folder.file("b.vdb"))
        try await database.collection().ingest(SampleTexts.documents(100..<200))
        let others = SampleTexts.documents(0..<100) + SampleTexts.documents(500..<600)
        try await copy.collection().ingest(Array(others[100...]))
        try copy.close()
        try database.close()
        for suffix in ["", "-recent"] {
            let target = folder.file("b.vdb-lexical" + suffix)
            try? FileManager.default.removeItem(atPath: target)
            if Self.isThere(folder.file("a.vdb-lexical" + suffix)) {
                try FileManager.default.copyItem(
                    atPath: folder.file("a.vdb-lexical" + suffix), toPath: target)
            }
        }
        let reader = try Self.open(folder.file("b.vdb"), access: .readOnly)
        try await Self.expectRight(reader.collection(), others)
        try reader.close()
    }

    @Test func readersGoOnWhileAWriterWrites() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let database = try Self.open(path)
        try await database.collection().ingest(SampleTexts.documents(0..<300))
        let found = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<3 {
                // Two in the writer's process and, as far as files go, one in another.
                group.addTask {
                    let own = task == 2 ? try Self.open(path, access: .readOnly) : database
                    while !Task.isCancelled {
                        for text in ["storing apples in straw", "pruning saw"] {
                            let hits = try await own.collection().query(
                                text, limit: 20, mode: .lexical
                            ).hits
                            #expect(hits.count == 20)
                            #expect(zip(hits, hits.dropFirst()).allSatisfy { $0.score >= $1.score })
                            #expect(Set(hits.map(\.id)).count == hits.count)
                            found.add(1)
                        }
                    }
                    if task == 2 { try own.close() }
                }
            }
            for round in 1...12 {
                try await database.collection().ingest(
                    SampleTexts.documents(250 + 50 * round..<320 + 50 * round))
                try await database.collection().delete((0..<9).map { "d\(250 + 50 * round + $0)" })
            }
            group.cancelAll()
            while true {
                do { if try await group.next() == nil { break } } catch is CancellationError {}
            }
        }
        #expect(found.value > 0)
        #expect(try await database.check().findings.isEmpty)
        try database.close()
    }
}

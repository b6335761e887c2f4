import Foundation
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

struct QueryTests {
    /// The vectors that `TestEmbedder` gives documents.
    static func vectors(_ documents: [Document]) -> [(id: String, vector: [Float])] {
        documents.map { document in
            let text = document.title + " " + document.text
            return (
                document.id, document.vector ?? HashEmbedding.vector(of: text, dimensions: 32)
            )
        }
    }

    /// The scores of all documents, by definition.
    static func bruteForce(
        _ documents: [(id: String, vector: [Float])], _ query: [Float], metric: Metric
    ) -> [(id: String, score: Double)] {
        documents.map { id, vector in
            var (dot, a, b, distance) = (0.0, 0.0, 0.0, 0.0)
            for (x, y) in zip(query, vector) {
                dot += Double(x) * Double(y)
                a += Double(x) * Double(x)
                b += Double(y) * Double(y)
                distance += (Double(x) - Double(y)) * (Double(x) - Double(y))
            }
            let score: Double =
                switch metric {
                case .innerProduct: dot
                case .cosine: a * b > 0 ? dot / (a * b).squareRoot() : 0
                case .euclidean: -distance
                }
            return (id, score)
        }.sorted { ($1.score, $0.id) < ($0.score, $1.id) }
    }

    @Test(arguments: Metric.allCases, TestStore.available)
    func exactSearchIsBruteForce(metric: Metric, store: TestStore) async throws {
        let folder = TemporaryFolder()
        let embedder = TestEmbedder()
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        var options = IngestOptions()
        options.metric = metric
        let documents = SampleTexts.documents(0..<400)
        let vectors = Self.vectors(documents)
        try await collection.ingest(documents, options: options)
        for number in 0..<10 {
            var query = Query(SampleTexts.text(1000 + number), limit: 25, mode: .dense)
            query.isExact = true
            let answer = try await collection.query(query)
            let vector = HashEmbedding.vector(of: query.text, dimensions: 32)
            let expected = Self.bruteForce(vectors, vector, metric: metric)
            #expect(answer.hits.count == 25)
            for (hit, truth) in zip(answer.hits, expected) {
                #expect(abs(hit.score - truth.score) < 1e-5)
            }
            #expect(
                Set(answer.hits.prefix(20).map(\.id)).isSubset(of: expected.prefix(25).map(\.id)))
            #expect(answer.hits.map(\.rank) == Array(1...25))
        }
        try database.close()
    }

    /// Scores that overflow would be NaN or infinite, and could not be ordered.
    @Test(arguments: Metric.allCases, TestStore.available)
    func vectorsTooLongToCompareAreRefused(metric: Metric, store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder))
        let collection = database.collection()
        var options = IngestOptions()
        options.metric = metric
        let longest: Float = 6.5e18
        let vectors: [[Float]] = [
            [longest, 0, 0], [0, -longest, 0], [-longest, 0, 0], [1, 1, 1],
        ]
        try await collection.ingest(
            vectors.enumerated().map { Document(id: "\($0)", text: "", vector: $1) },
            options: options)
        for vector in vectors {
            var query = Query(vector: vector)
            for isExact in [false, true] {
                query.isExact = isExact
                let hits = try await collection.query(query).hits
                #expect(hits.count == 4 && hits.allSatisfy { $0.score.isFinite })
                #expect(hits[0].score >= hits[3].score)
            }
        }
        for tooLong in [[1e20, -1e20, 0], [3e38, 0, 0], [0, 7e18, 0]] as [[Float]] {
            await #expect(
                throws: DatabaseError.invalidVector(of: "document 'x'", fault: .tooLong)
            ) { try await collection.ingest([Document(id: "x", text: "", vector: tooLong)]) }
            await #expect(throws: DatabaseError.invalidVector(of: "the query", fault: .tooLong)) {
                try await collection.query(Query(vector: tooLong))
            }
        }
        try database.close()
    }

    @Test func filtersAreAppliedToEveryMode() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        try await collection.ingest(SampleTexts.documents(0..<300))
        for mode in QueryMode.allCases {
            let filter = try Filter("number >= 100 AND number < 130 AND even")
            let answer = try await collection.query(
                "apple pear cider", limit: 15, mode: mode, filter: filter)
            #expect(
                answer.hits.allSatisfy { hit in
                    guard case .integer(let number)? = hit.metadata["number"] else { return false }
                    return (100..<130).contains(number) && number % 2 == 0
                })
            if mode != .lexical { #expect(answer.hits.count == 15) }
        }
        let none = try await collection.query("apple", filter: Filter("number > 1000"))
        #expect(none.hits.isEmpty)
        try database.close()
    }

    @Test func lexicalFindsWordsAndEncodesNothing() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"))
        let collection = database.collection()
        var options = IngestOptions()
        options.encodesText = false
        try await collection.ingest(
            [
                Document(id: "a", text: "the quick brown fox"),
                Document(id: "b", text: "the lazy dogs sleep"),
                Document(id: "c", text: "foxes and dogs"),
            ], options: options)
        let answer = try await collection.query("dog")
        #expect(answer.mode == .lexical)
        #expect(Set(answer.hits.map(\.id)) == ["b", "c"])
        #expect(try collection.statistics().dimensions == 0)
        try database.close()
    }

    @Test func hybridJoinsRanksAsDocumented() {
        func list(_ ids: String) -> [(id: String, score: Double)] {
            ids.enumerated().map { (String($1), 1 - Double($0)) }
        }
        let joined = Fusion(.ranks, denseWeight: 1).fuse(dense: list("abc"), lexical: list("cda"))
            .sorted {
                $0.parts.sum == $1.parts.sum ? $0.id < $1.id : $0.parts.sum > $1.parts.sum
            }
        #expect(joined.map(\.id) == ["a", "c", "b", "d"])
        let sums = joined.map(\.parts.sum)
        let (both, one): (Double, Double) = (1 / 61 + 1 / 63, 1 / 62)
        #expect(abs(sums[0] - both) < 1e-12 && sums[0] == sums[1])
        #expect(abs(sums[2] - one) < 1e-12)
    }

    @Test func hybridJoinsScoresAsDocumented() {
        func parts(_ dense: [Double], _ lexical: [Double], _ fusion: Fusion = Fusion())
            -> [Int: HybridParts]
        {
            let joined = fusion.fuse(
                dense: dense.enumerated().map { ($0, $1) },
                lexical: lexical.enumerated().map { ($0 + 1, $1) })
            var found: [Int: HybridParts] = [:]
            for entry in joined { found[entry.id] = entry.parts }
            return found
        }
        func by(dense: Double = 0, lexical: Double = 0) -> HybridParts {
            HybridParts(dense: dense, lexical: lexical)
        }
        let usual = parts([0.8, 0.4, -0.2], [12, 3])
        #expect(usual == [0: by(dense: 0.4), 1: by(dense: 0.2, lexical: 1), 2: by(lexical: 0.25)])
        // None positive, as minus squared distances are: from the worst to the best.
        let far = parts([-1, -2, -5], [], Fusion(denseWeight: 2))
        #expect(far == [0: by(dense: 2), 1: by(dense: 1.5), 2: by()])
        #expect(parts([0, -4], [])[0] == by(dense: 0.4))
        // One hit, and equal scores.
        #expect(parts([-7], [5]) == [0: by(dense: 0.4), 1: by(lexical: 1)])
        #expect(parts([-7, -7], []) == [0: by(dense: 0.4), 1: by(dense: 0.4)])
        #expect(parts([0, 0], [2, 2])[2] == by(lexical: 1))
        #expect(parts([], []).isEmpty)
        // The largest and smallest numbers stay finite.
        let extreme = parts([-1, -1e308], [1e-310, 1e-320])
        #expect(extreme.values.allSatisfy { $0.sum.isFinite && $0.sum <= 1.4 })
    }

    /// A search for a number that occurs in one passage shows that passage, not the one that the
    /// embedder finds nearest; with all the weight on vectors, the nearest.
    @Test func hybridShowsThePassageThatDecided() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        var options = IngestOptions()
        options.chunking = Chunking(maximumTokens: 12, overlapTokens: 0)
        let paragraphs = (0..<30).map { "request id \(700 + $0) was served from the cache" }
        try await collection.ingest(
            [Document(id: "log", text: paragraphs.joined(separator: ".\n\n"), layout: .plain)],
            options: options)
        for number in [701, 717, 729] {
            let text = "\(number)"
            let lexical = try await collection.query(text, mode: .lexical).hits
            let dense = try await collection.query(text, mode: .dense).hits
            let hybrid = try await collection.query(text, mode: .hybrid).hits
            #expect(hybrid.first?.text.contains(text) == true)
            #expect(hybrid.map(\.passage) == lexical.map(\.passage))
            let byVector = try await collection.query(
                Query(
                    text, mode: .hybrid,
                    fusion: Fusion(.ranks, denseWeight: 1, lexicalWeight: 0.1))
            ).hits
            #expect(byVector.map(\.passage) == dense.map(\.passage))
        }
        try database.close()
    }

    @Test func denseRanksCountAsTheEmbedderSays() async throws {
        let folder = TemporaryFolder()
        func hits(_ embedder: TestEmbedder, _ fusion: Fusion) async throws -> [Hit] {
            let path = folder.file("\(embedder.hybridWeight ?? 0).vdb")
            let database = try Database(path: path, embedder: embedder)
            let collection = database.collection()
            try await collection.ingest(SampleTexts.documents(0..<60))
            let answer = try await collection.query(
                Query(SampleTexts.text(7003), limit: 20, mode: .hybrid, fusion: fusion))
            let weight = fusion.denseWeight ?? embedder.hybridWeight ?? 0.4
            #expect(answer.explanation.fusion?.denseWeight == weight)
            try database.close()
            return answer.hits
        }
        let (silent, heavy) = (TestEmbedder(), TestEmbedder(hybridWeight: 3))
        let byDefault = try await hits(silent, Fusion())
        let byEmbedder = try await hits(heavy, Fusion())
        #expect(byDefault != byEmbedder)
        #expect(try await hits(silent, Fusion(denseWeight: 3)) == byEmbedder)
        #expect(try await hits(heavy, Fusion(denseWeight: 0.4)) == byDefault)
        await #expect(throws: DatabaseError.self) {
            try await hits(TestEmbedder(hybridWeight: 4), Fusion(denseWeight: .nan))
        }
    }

    @Test func aDocumentOfManyPassagesIsOneHit() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        var options = IngestOptions()
        options.chunking = Chunking(maximumTokens: 8, overlapTokens: 2)
        var documents: [Document] = []
        for number in 0..<40 {
            let text = (0..<6).map { SampleTexts.text(number * 10 + $0, words: 7) + "." }
                .joined(separator: "\n\n")
            documents.append(Document(id: "d\(number)", text: text, layout: .plain))
        }
        try await collection.ingest(documents, options: options)
        let statistics = try collection.statistics()
        #expect(statistics.documents == 40)
        #expect(statistics.passages > 200)
        for document in documents {
            #expect(try collection.document(document.id)?.text == document.text)
        }
        for mode in QueryMode.allCases {
            let answer = try await collection.query(
                SampleTexts.text(31, words: 7), limit: 20, mode: mode)
            #expect(Set(answer.hits.map(\.id)).count == answer.hits.count)
            #expect(answer.hits.first?.id == "d3")
            #expect(answer.hits.first?.passage == 1)
            #expect(answer.hits.count == 20)
        }
        try database.close()
    }

    /// A document with many passages causes the search to be repeated for more of them; each time
    /// every vector is compared again.
    @Test func theCostOfRepeatedSearchesIsAddedUp() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        var options = IngestOptions()
        options.chunking = Chunking(maximumTokens: 8, overlapTokens: 0)
        let long = (0..<100).map { _ in SampleTexts.text(31, words: 7) + "." }
            .joined(separator: "\n\n")
        let documents =
            [Document(id: "long", text: long, layout: .plain)]
            + (0..<10).map { Document(id: "d\($0)", text: SampleTexts.text(100 + $0, words: 7)) }
        try await collection.ingest(documents, options: options)
        let passages = try collection.statistics().passages
        #expect(passages == 110)
        var query = Query(SampleTexts.text(31, words: 7), limit: 2, mode: .dense)
        query.isExact = true
        let answer = try await collection.query(query)
        #expect(answer.hits.map(\.id).first == "long" && answer.hits.count == 2)
        // 24 passages, then 48, 96 and 192: until there are two documents and no tie.
        #expect(answer.explanation.distanceComputations == 4 * passages)
        #expect(answer.explanation.tailRows == passages)
        try database.close()
    }

    @Test(arguments: TestStore.available) func equalScoresAreInTheOrderOfIdentifiers(
        store: TestStore
    ) async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        let collection = database.collection()
        let ids = ["z", "m", "a", "q", "b", "y", "c"]
        try await collection.ingest(ids.map { Document(id: $0, text: "the same text") })
        for limit in [1, 3, 7] {
            for mode in QueryMode.allCases {
                let answer = try await collection.query("same text", limit: limit, mode: mode)
                #expect(answer.hits.map(\.id) == Array(ids.sorted().prefix(limit)))
            }
        }
        try database.close()
    }

    /// Swift's string order would take the first and the last for equal, and both after the second.
    @Test(arguments: TestStore.available) func equalScoresAreInTheByteOrderOfIdentifiers(
        store: TestStore
    ) async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        let collection = database.collection()
        let ids = ["e\u{301}", "f", "\u{e9}"]
        try await collection.ingest(ids.reversed().map { Document(id: $0, text: "the same text") })
        for mode in QueryMode.allCases {
            let answer = try await collection.query("same text", limit: 3, mode: mode)
            #expect(answer.hits.map { Array($0.id.utf8) } == ids.map { Array($0.utf8) })
        }
        try database.close()
    }

    @Test func reranking() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        try await collection.ingest(SampleTexts.documents(0..<50))
        var query = Query("apple cider press", limit: 20, mode: .dense)
        query.rerankDepth = 10
        let answer = try await collection.query(query)
        #expect(answer.hits.prefix(10).allSatisfy { $0.logProbability == $0.score })
        #expect(answer.hits.dropFirst(10).allSatisfy { $0.logProbability == nil })
        #expect(zip(answer.hits, answer.hits.dropFirst()).allSatisfy { $0.score >= $1.score })
        query.rerankDepth = nil
        let plain = try await collection.query(query)
        #expect(Set(plain.hits.prefix(10).map(\.id)) == Set(answer.hits.prefix(10).map(\.id)))
        #expect(plain.hits.dropFirst(10).map(\.id) == answer.hits.dropFirst(10).map(\.id))
        try database.close()
    }

    /// Likelihoods that grow with the number of e's; the passage without any is impossible.
    private struct VowelScorer: QuestionScorer {
        func questionLogProbabilities(
            of question: String, given passages: [String]
        ) async throws -> [Double] {
            passages.map { Foundation.log(Double($0.utf8.count { $0 == UInt8(ascii: "e") })) }
        }
    }

    @Test func rerankingByQuestion() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        let texts = ["an apple", "an apple here", "apple pie", "apple tree e e", "apply zinc"]
        try await collection.ingest(
            texts.enumerated().map { Document(id: "\($0)", text: $1) })
        var query = Query("apple pie", limit: 5, mode: .dense)
        let plain = try await collection.query(query)
        query.rerankDepth = 5
        query.questionScorer = VowelScorer()
        query.questionWeight = 0
        #expect(try await collection.query(query).hits.map(\.id) == plain.hits.map(\.id))
        query.questionWeight = 1e6
        let byQuestion = try await collection.query(query)
        #expect(byQuestion.hits.first?.id == "3" && byQuestion.hits.last?.id == "4")
        #expect(byQuestion.hits.first?.logProbability == Foundation.log(5.0))
        // By hand: standardized scores add up.
        query.questionWeight = 0.5
        let first = Dictionary(uniqueKeysWithValues: plain.hits.map { ($0.id, $0.score) })
        let values = [
            "0": 0, "1": Foundation.log(3.0), "2": Foundation.log(2.0), "3": Foundation.log(5.0),
            "4": 0,
        ]
        func standardized(_ values: [String: Double]) -> [String: Double] {
            let mean = values.values.reduce(0, +) / 5
            let deviation = (values.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 5)
                .squareRoot()
            return values.mapValues { ($0 - mean) / deviation }
        }
        let (a, b) = (standardized(first), standardized(values))
        for hit in try await collection.query(query).hits {
            let expected = (a[hit.id] ?? .nan) + 0.5 * (b[hit.id] ?? .nan)
            #expect(abs(hit.score - expected) < 1e-9)
        }
        query.questionWeight = -1
        await #expect(throws: DatabaseError.self) { try await collection.query(query) }
        query.questionWeight = 1
        query.rerankDepth = 1
        #expect(try await collection.query(query).hits.first?.score == 0)
        try database.close()
    }

    @Test func manyQueriesEqualOneByOne() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        try await collection.ingest(SampleTexts.documents(0..<200))
        let queries = (0..<50).map { Query(SampleTexts.text(5000 + $0), limit: 7) }
        let together = try await collection.query(queries)
        for (query, answer) in zip(queries, together) {
            #expect(try await collection.query(query).hits == answer.hits)
            #expect(answer.mode == .hybrid)
            #expect(answer.query.text == query.text)
        }
        try database.close()
    }
}

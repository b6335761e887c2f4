import Embedding
import Foundation
import PostgresTestSupport
import TestSupport
import Testing

@testable import VectorDatabase

/// Every distinct word is a token; words are as alike as their vectors say.
private struct WordVectors: TokenVectors {
    var weight = 0.5
    let width = 3
    /// By the first letter: a and b are alike, c is like neither, z is nothing.
    private static let rows: [Character: [Float]] = [
        "a": [1, 0, 0], "b": [0.8, 0.6, 0], "c": [0, 0, 2],
    ]

    func tokens(of text: String) -> [Int32] {
        text.split(separator: " ").map { Int32($0.unicodeScalars.first?.value ?? 0) }
    }

    func vectors(of tokens: [Int32]) -> [Float] {
        tokens.flatMap { token in
            let letter = Unicode.Scalar(UInt32(token)).map(Character.init) ?? "z"
            return Self.rows[letter] ?? [0, 0, 0]
        }
    }
}

@Suite struct TokenMatchingTests {
    /// The formula as it is documented, in double precision.
    private func expected(_ query: String, _ documents: [String]) -> [Double] {
        let vectors = WordVectors()
        let texts = documents.map(vectors.tokens)
        let mean = Double(texts.reduce(0) { $0 + $1.count }) / Double(texts.count)
        func cosine(_ a: Int32, _ b: Int32) -> Double {
            let (x, y) = (vectors.vectors(of: [a]), vectors.vectors(of: [b]))
            func dot(_ x: [Float], _ y: [Float]) -> Double {
                zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }
            let length = (dot(x, x) * dot(y, y)).squareRoot()
            return length > 0 ? dot(x, y) / length : 0
        }
        return texts.map { text in
            vectors.tokens(of: query).reduce(0) { sum, token in
                let holders = Double(texts.count { $0.contains(token) })
                let rarity = log(1 + (Double(texts.count) - holders + 0.5) / (holders + 0.5))
                let frequency = text.reduce(0) { $0 + max(0, (cosine(token, $1) - 0.2) / 0.8) }
                let length = 0.8 * (1 - 0.4 + 0.4 * Double(text.count) / mean)
                return sum + rarity * frequency * 1.8 / (frequency + length)
            }
        }
    }

    @Test func asDocumented() {
        let seed = RandomSource.seed(3)
        var random = RandomSource(seed: seed)
        for _ in 0..<50 {
            func words(_ range: ClosedRange<Int>) -> String {
                (0..<Int.random(in: range, using: &random))
                    .map { _ in "abcz".randomElement(using: &random).map(String.init) ?? "" }
                    .joined(separator: " ")
            }
            let query = words(1...4)
            let documents = (0..<Int.random(in: 1...9, using: &random)).map { _ in words(0...12) }
            let scores = TokenMatching(
                query: query, documents: documents, vectors: WordVectors()
            ).scores()
            guard documents.contains(where: { !$0.isEmpty }) else {
                #expect(scores.allSatisfy { $0 == 0 })
                continue
            }
            for (score, value) in zip(scores, expected(query, documents)) {
                #expect(abs(score - value) < 1e-5, "\(query): \(documents)")
            }
        }
    }

    @Test func nothingToCompare() {
        func scores(_ query: String, _ documents: [String]) -> [Double] {
            TokenMatching(query: query, documents: documents, vectors: WordVectors()).scores()
        }
        #expect(scores("a", []).isEmpty)
        #expect(scores("", ["a", "b"]) == [0, 0])
        #expect(scores("a", ["", ""]) == [0, 0])
        #expect(Fusion.tokenParts(of: [0, 0], weight: 1) == [0, 0])
        #expect(Fusion.tokenParts(of: [1, 4, 2], weight: 0.5) == [0.125, 0.5, 0.25])
    }

    private struct Alike: Embedder {
        let base = TestEmbedder()
        var identity: EmbedderIdentity { base.identity }
        var tokenVectors: (any TokenVectors)? { WordVectors() }
        func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
            try await base.embedDocuments(texts)
        }
        func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
            try await base.embedQueries(texts)
        }
    }

    /// A weight that cannot count is refused, in the modes that would use it.
    @Test func needsTokenVectors() async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: folder.file("tokens.vdb"), embedder: TestEmbedder())
        let collection = database.collection()
        try await collection.ingest([
            Document(id: "a", text: "apple"), Document(id: "b", text: "bread"),
        ])
        func answer(
            _ mode: QueryMode, _ weight: Double?, _ method: Fusion.Method = .scores
        ) async throws -> [String] {
            var query = Query("apple", limit: 2, mode: mode)
            query.fusion = Fusion(method, tokenWeight: weight)
            return try await collection.query(query).hits.map(\.id)
        }
        for mode in [QueryMode.dense, .hybrid] {
            await #expect {
                _ = try await answer(mode, 0.5)
            } throws: { error in
                guard case .cannotCompareTokens? = error as? DatabaseError else { return false }
                return true
            }
            #expect(try await answer(mode, 0) == answer(mode, nil))
        }
        #expect(try await answer(.lexical, 0.5) == ["a"])
        #expect(try await answer(.hybrid, 0.5, .ranks) == answer(.hybrid, nil, .ranks))
    }

    /// A document that says the same in other words passes one that shares only its vector's direction.
    @Test(arguments: TestStore.available)
    func joinsHybridScores(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: Alike())
        let collection = database.collection()
        try await collection.ingest([
            Document(id: "same", text: "apple apple"), Document(id: "alike", text: "bread"),
            Document(id: "other", text: "cheese"), Document(id: "none", text: "zebra"),
        ])
        var query = Query("apple")
        query.mode = .hybrid
        let answer = try await collection.query(query)
        let parts = Dictionary(
            uniqueKeysWithValues: answer.hits.compactMap { hit in hit.parts.map { (hit.id, $0) } })
        #expect(parts["same"]?.tokens == 0.5)
        let alike = try #require(parts["alike"]?.tokens)
        #expect(alike > 0 && alike < 0.5)
        #expect(parts["other"]?.tokens == 0 && parts["none"]?.tokens == 0)
        #expect(answer.hits.allSatisfy { abs(($0.parts?.sum ?? .nan) - $0.score) < 1e-12 })
        query.fusion.tokenWeight = 0
        #expect(try await collection.query(query).hits.allSatisfy { $0.parts?.tokens == 0 })
        query.fusion = Fusion(.ranks)
        #expect(try await collection.query(query).hits.allSatisfy { $0.parts?.tokens == 0 })
        query.fusion = Fusion(tokenWeight: -1)
        await #expect(throws: DatabaseError.self) { try await collection.query(query) }
        try database.close()
    }

    /// Beside a vector of the query's own, its text is compared if a weight asks for that; without a
    /// text a weight is refused.
    @Test(arguments: TestStore.available)
    func besideAVector(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let embedder = Alike()
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        let texts = ["apple apple", "bread", "cheese", "zebra", "apple cheese bread"]
        try await collection.ingest(
            texts.enumerated().map { Document(id: "\($0)", text: $1) })
        let vector = try #require(try await embedder.embedQueries(["apple"]).first).vector
        for mode in [QueryMode.dense, .hybrid] {
            var query = Query("apple", mode: mode, isExact: true)
            query.fusion.tokenWeight = 2
            let encoded = try await collection.query(query)
            query.vector = vector
            let given = try await collection.query(query)
            #expect(given.hits == encoded.hits)
            #expect(given.hits.contains { $0.parts?.tokens ?? 0 > 0 })
            query.fusion.tokenWeight = nil
            let without = try await collection.query(query)
            #expect(without.hits.allSatisfy { $0.parts?.tokens ?? 0 == 0 })
        }
        var query = Query("", mode: .dense)
        query.vector = vector
        let plain = try await collection.query(query)
        for fusion in [Fusion(tokenWeight: 0), Fusion(.ranks, tokenWeight: 2)] {
            query.fusion = fusion
            #expect(try await collection.query(query).hits == plain.hits)
        }
        query.fusion = Fusion(tokenWeight: 2)
        await #expect(throws: DatabaseError.textNeeded(for: "token weight")) {
            try await collection.query(query)
        }
        try database.close()
    }

    /// In dense mode only for a query that has a weight; without one the score is the inner product.
    @Test(arguments: TestStore.available)
    func joinsDenseScores(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: Alike())
        let collection = database.collection()
        let texts = ["apple apple", "bread", "cheese", "zebra", "apple cheese bread"]
        try await collection.ingest(
            texts.enumerated().map { Document(id: "\($0)", text: $1) })
        var query = Query("apple", mode: .dense, isExact: true)
        let plain = try await collection.query(query)
        #expect(plain.hits.allSatisfy { $0.parts == nil } && plain.explanation.fusion == nil)
        query.fusion.tokenWeight = 0
        #expect(try await collection.query(query).hits == plain.hits)

        query.fusion.tokenWeight = 2
        let answer = try await collection.query(query)
        #expect(answer.explanation.fusion?.denseWeight == 1)
        #expect(answer.explanation.fusion?.lexicalWeight == 0)
        let best = try #require(plain.hits.first?.score)
        let scores = TokenMatching(
            query: "apple", documents: plain.hits.map(\.text), vectors: WordVectors()
        ).scores()
        let parts = Fusion.tokenParts(of: scores, weight: 2)
        let expected = zip(plain.hits, parts)
            .map { (id: $0.id, score: max(0, $0.score / best) + $1) }
            .sorted { $0.score > $1.score }
        #expect(answer.hits.map(\.id) == expected.map(\.id))
        for (hit, wanted) in zip(answer.hits, expected) {
            #expect(abs(hit.score - wanted.score) < 1e-9)
            #expect(hit.parts?.lexical == 0)
        }
        try database.close()
    }
}

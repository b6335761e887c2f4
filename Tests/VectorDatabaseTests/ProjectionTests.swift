import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// Maps of a collection. The arithmetic is compared with NumPy's in PrincipalComponentTests.
@Suite struct ProjectionTests {
    private let folder = TemporaryFolder()

    private func collection(
        _ store: TestStore, _ documents: [Document], metric: Metric = .innerProduct
    ) async throws -> DocumentCollection {
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        var options = IngestOptions()
        options.metric = metric
        try await database.collection().ingest(documents, options: options)
        return database.collection()
    }

    private static func distance(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    /// Vectors of two numbers are turned and moved, nothing else; the cosine sees directions only.
    @Test(arguments: Metric.allCases, TestStore.available)
    func distancesInAPlaneAreKept(_ metric: Metric, store: TestStore) async throws {
        let vectors = (0..<30).map { number -> [Float] in
            [Float((number * 7) % 13) + 1, Float((number * 5) % 11) - 4]
        }
        let collection = try await collection(
            store,
            vectors.enumerated().map { Document(id: "d\($0)", text: "", vector: $1) },
            metric: metric)
        let map = try collection.projection(sample: 100, seed: 0)
        #expect(map.points.count == 30 && abs(map.variance.reduce(0, +) - 1) < 1e-5)
        let byID = Dictionary(uniqueKeysWithValues: map.points.map { ($0.id, [$0.x, $0.y]) })
        let compared = vectors.map { vector -> [Float] in
            if metric != .cosine { return vector }
            let length = Self.distance(vector, [0, 0])
            return vector.map { $0 / length }
        }
        for (number, vector) in compared.enumerated() {
            let shown = Self.distance(byID["d\(number)"] ?? [], byID["d0"] ?? [])
            #expect(abs(shown - Self.distance(vector, compared[0])) < 1e-3)
            let (x, y) = map.place(vectors[number])
            #expect([x, y] == byID["d\(number)"])
        }
    }

    @Test(arguments: TestStore.available) func samplesAreSeeded(store: TestStore) async throws {
        let collection = try await collection(store, SampleTexts.documents(0..<300))
        let map = try collection.projection(sample: 60, seed: 1)
        let ids = map.points.map(\.id)
        #expect((50...60).contains(ids.count) && Set(ids).count == ids.count)
        #expect(try collection.projection(sample: 75, seed: 1).points.count == 75)
        // They come from all over the collection.
        let numbers = ids.compactMap { Int($0.dropFirst()) }
        for start in stride(from: 0, to: 300, by: 50) {
            #expect(numbers.contains { (start..<start + 50).contains($0) })
        }
        #expect(try collection.projection(sample: 60, seed: 2).points.map(\.id) != ids)
        // Another process computes the same.
        let again = try Database(at: collection.database.path, embedder: TestEmbedder())
            .collection()
        #expect(try again.projection(sample: 60, seed: 1).points == map.points)
        #expect(try collection.projection(sample: 1000, seed: 1).points.count == 300)
    }

    @Test(arguments: TestStore.available) func followsChanges(store: TestStore) async throws {
        let collection = try await collection(store, SampleTexts.documents(0..<20))
        let before = try collection.projection(sample: 100, seed: 0)
        #expect(try collection.projection(sample: 100, seed: 0).points == before.points)
        try await collection.delete(["d3"])
        try await collection.ingest(SampleTexts.documents(20..<22))
        let after = try collection.projection(sample: 100, seed: 0)
        let ids = Set(after.points.map(\.id))
        #expect(after.points.count == 21 && !ids.contains("d3") && ids.contains("d21"))
    }

    @Test(arguments: TestStore.available) func placesOtherDocuments(store: TestStore) async throws {
        var documents = SampleTexts.documents(0..<40)
        documents.append(
            Document(
                id: "long", text: (0..<40).map { SampleTexts.text($0) }.joined(separator: "\n\n")))
        let collection = try await collection(store, documents)
        let map = try collection.projection(sample: 10, seed: 0)
        let sampled = try #require(map.points.first)
        let placed = try collection.places(
            ofDocuments: [sampled.id, "long", "nothing", "a\0b"], in: map)
        #expect(placed.contains(sampled) && placed.count == 2)
    }

    @Test(arguments: TestStore.available) func valuesOfFields(store: TestStore) async throws {
        let collection = try await collection(
            store,
            [
                Document(id: "a", text: "one", metadata: ["year": 2020, "by": ["name": "Zoé"]]),
                Document(
                    id: "b", text: "two", metadata: ["year": ["2021", "2022"], "odd name": true]),
                Document(id: "c", text: "three", metadata: ["year": .object(["x": 1])]),
            ])
        let map = try collection.projection(sample: 10, seed: 0)
        #expect(map.points.map(\.id) == ["a", "b", "c"])
        func values(_ field: String) throws -> [JSONValue?] {
            try collection.values(of: #require(FieldPath(field)), at: map)
        }
        #expect(try values("year") == [2020, "2021", nil])
        #expect(try values("by.name") == ["Zoé", nil, nil])
        #expect(try values("\"odd name\"") == [nil, true, nil])
        for wrong in ["id", "title", "", "a = 1 OR b", "a IS NULL OR b", "NOT a"] {
            #expect(FieldPath(wrong) == nil, "\(wrong)")
        }
    }

    @Test(arguments: TestStore.available) func needsVectors(store: TestStore) async throws {
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        #expect(throws: DatabaseError.self) {
            try database.collection("none").projection(sample: 10, seed: 0)
        }
    }
}

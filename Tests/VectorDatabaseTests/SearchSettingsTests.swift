import Foundation
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// How a collection is searched, where that was set.
struct SearchSettingsTests {
    private func make(
        _ store: TestStore, _ folder: TemporaryFolder, hybridWeight: Double? = nil
    ) async throws -> Database {
        let database = try Database(
            at: store.location(in: folder), embedder: TestEmbedder(hybridWeight: hybridWeight))
        var documents = SampleTexts.documents(0..<200)
        for place in documents.indices where place % 3 == 0 {
            documents[place].text = SampleTexts.text(place, words: 60)
        }
        try await database.collection().ingest(documents)
        return database
    }

    private let texts = ["apple pear", "cellar winter jam", "root graft root"]

    /// BM25 by its definition over the words of title and text, which have no suffixes to stem.
    private func scores(
        _ documents: [Document], _ query: String, k1: Double, b: Double
    ) -> [String: Double] {
        func words(_ text: String) -> [String] {
            text.lowercased().split(separator: " ").map(String.init)
        }
        let counted = documents.map { ($0.id, words($0.title + " " + $0.text)) }
        let average =
            Double(counted.reduce(0) { $0 + $1.1.count }) / Double(counted.count)
        var scores: [String: Double] = [:]
        for (id, own) in counted {
            var score = 0.0
            for term in words(query) {
                let found = Double(counted.count { $0.1.contains(term) })
                let frequency = Double(own.count { $0 == term })
                guard frequency > 0 else { continue }
                let others = Double(counted.count) - found
                let rarity = log(1 + (others + 0.5) / (found + 0.5))
                let length = Double(own.count) / average
                let saturation: Double = k1 * (1 - b + b * length)
                score += rarity * frequency * (k1 + 1) / (frequency + saturation)
            }
            if score > 0 { scores[id] = score }
        }
        return scores
    }

    @Test(arguments: TestStore.available)
    func lexicalSearchHasTheParametersThatAreSet(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try await make(store, folder)
        defer { try? database.close() }
        let collection = database.collection()
        var documents: [Document] = []
        for try await document in collection.export() { documents.append(document) }
        let query = "mouse wasp ladder"
        for (k1, b) in [(1, 0.6), (2, 0.1), (0.5, 0.95)] {
            try collection.setSearchSettings(SearchSettings(k1: k1, b: b))
            let answer = try await collection.query(query, limit: 500, mode: .lexical)
            let expected = scores(documents, query, k1: k1, b: b)
            #expect(answer.hits.count == expected.count)
            for hit in answer.hits {
                #expect(abs(hit.score - (expected[hit.id] ?? 0)) < 1e-9, "\(k1), \(b)")
            }
        }
    }

    @Test(arguments: TestStore.available)
    func theWeightPrecedesTheModelsAndYieldsToTheQuerys(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try await make(store, folder, hybridWeight: 0.9)
        defer { try? database.close() }
        let collection = database.collection()
        func weight(_ fusion: Fusion = Fusion()) async throws -> Double? {
            try await collection.query(Query("apple", fusion: fusion)).explanation.fusion?
                .denseWeight
        }
        #expect(try await weight() == 0.9)
        try collection.setSearchSettings(SearchSettings(k1: 1, b: 0.6))
        #expect(try await weight() == 0.9)
        try collection.setSearchSettings(SearchSettings(k1: 1, b: 0.6, denseWeight: 2))
        #expect(try await weight() == 2)
        #expect(try await weight(Fusion(denseWeight: 0.1)) == 0.1)
        // Fitted for scores, not for ranks.
        #expect(try await weight(Fusion(.ranks)) == 0.9)
        let fingerprint = TestEmbedder().identity.fingerprint
        for (model, expected) in [(fingerprint, 3), ("another", 0.9)] {
            try collection.setSearchSettings(
                SearchSettings(k1: 1, b: 0.6, denseWeight: 3, modelFingerprint: model))
            #expect(try await weight() == expected)
        }
    }

    /// They are in the database: of other processes, of backups, until they are removed.
    @Test(arguments: TestStore.available)
    func settingsAreKeptAndRemoved(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try await make(store, folder)
        let plain = try await database.collection().query(texts.map { Query($0) }).map(\.hits)
        let reader = try Database(at: database.path, embedder: TestEmbedder())
        defer { try? reader.close() }
        #expect(try database.collection().searchSettings == nil)
        let settings = SearchSettings(
            k1: 2, b: 0.2, denseWeight: 0.25, modelFingerprint: TestEmbedder().identity.fingerprint)
        try database.collection().setSearchSettings(settings)
        #expect(try reader.collection().searchSettings == settings)
        #expect(try reader.collection().statistics().search == settings)
        let fitted = try await reader.collection().query(texts.map { Query($0) }).map(\.hits)
        #expect(fitted != plain)
        var copy = database.path
        // PostgreSQL is backed up by its own programs.
        if store == .file {
            copy = folder.file("copy.vdb")
            try await database.backup(to: copy)
        }
        #expect(try await database.check().isSound)
        try database.close()
        let copied = try Database(at: copy, embedder: TestEmbedder())
        #expect(try copied.collection().searchSettings == settings)
        // Text that is added later changes neither.
        try await copied.collection().ingest([Document(id: "new", text: "apple")])
        #expect(try copied.collection().searchSettings == settings)
        try copied.collection().setSearchSettings(nil)
        #expect(try copied.collection().searchSettings == nil)
        try await copied.collection().delete(["new"])
        #expect(try await copied.collection().query(texts.map { Query($0) }).map(\.hits) == plain)
        try copied.close()
    }

    /// An export carries them, so that the collection that is made of it is searched alike.
    @Test(arguments: TestStore.available)
    func anExportCarriesThem(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try await make(store, folder)
        defer { try? database.close() }
        let collection = database.collection()
        let settings = SearchSettings(
            k1: 1.25, b: 0.1, denseWeight: 1.7,
            modelFingerprint: TestEmbedder().identity.fingerprint)
        try collection.setSearchSettings(settings)
        let line = CollectionSettings(try collection.statistics(includesBytes: false)).exportLine
        let path = folder.file("export.jsonl")
        try Data((line.jsonText + "\n" + #"{"_id": "a", "text": "apple"}"# + "\n").utf8)
            .write(to: URL(filePath: path))
        for isNew in [true, false] {
            let location =
                try store == .file
                ? folder.file(isNew ? "new.vdb" : "old.vdb") : TestServer.database()
            let copy = try Database(at: location, embedder: TestEmbedder())
            defer { try? copy.close() }
            if !isNew {
                try await copy.collection().ingest([Document(id: "b", text: "pear")])
            }
            let reader = try DocumentReader([path])
            var options = IngestOptions()
            options.exported = { reader.progress.exported }
            try await copy.collection().ingest(reader, options: options)
            // A collection that exists keeps its own, as with the other settings of an export.
            #expect(try copy.collection().searchSettings == (isNew ? settings : nil))
        }
    }

    @Test(arguments: TestStore.available)
    func whatCannotBeIsRefused(_ store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try await make(store, folder)
        defer { try? database.close() }
        for settings in [
            SearchSettings(k1: 0, b: 0.5), SearchSettings(k1: .nan, b: 0.5),
            SearchSettings(k1: 1, b: 1.1), SearchSettings(k1: 1, b: 0.5, denseWeight: -1),
            SearchSettings(k1: 1, b: 0.5, denseWeight: .infinity),
        ] {
            #expect {
                try database.collection().setSearchSettings(settings)
            } throws: { error in
                if case DatabaseError.outOfRange = error { true } else { false }
            }
        }
        #expect(try database.collection().searchSettings == nil)
    }
}

import PostgresTestSupport
import TestSupport
import TextBytes
import Testing
import VectorDatabase

/// Renamed files, bounds on what is deleted, and what a preview says of both.
struct SynchronizeTests {
    private let folder = TemporaryFolder()
    private let embedder = TestEmbedder()

    private func options(
        _ reader: DocumentReader, limit: IngestOptions.DeletionLimit = .notAll
    ) -> IngestOptions {
        var options = IngestOptions()
        options.chunking = Chunking(maximumTokens: 12, overlapTokens: 0)
        options.synchronizedSources = [DocumentReader.source(ofPath: folder.file("n"))]
        options.existingSources = reader.snapshot.sources
        options.unreadableSources = { reader.progress.failedSources }
        options.deletionLimit = limit
        return options
    }

    private func reader() throws -> DocumentReader {
        var options = SourceOptions()
        options.baseFolder = folder.path
        return try DocumentReader([folder.file("n")], options: options)
    }

    /// Synchronizes after a preview, which must have told the same.
    @discardableResult
    private func synchronize(
        _ collection: DocumentCollection, limit: IngestOptions.DeletionLimit = .notAll
    ) async throws -> IngestSummary {
        let planned = try await plan(collection, limit: limit).summary
        let reader = try reader()
        var summary = try await collection.ingest(reader, options: options(reader, limit: limit))
        let result = summary
        summary.tokens = 0
        summary.seconds = 0
        #expect(summary == planned)
        return result
    }

    private func plan(
        _ collection: DocumentCollection, limit: IngestOptions.DeletionLimit = .notAll
    ) async throws -> (changes: [PlannedChange], summary: IngestSummary) {
        let reader = try reader()
        var preview = try IngestPreview(of: collection, options: options(reader, limit: limit))
        var changes: [PlannedChange] = []
        for try await document in reader { changes.append(try preview.add(document)) }
        changes += try preview.finish()
        return (changes, preview.summary)
    }

    private func move(_ old: String, _ new: String) throws {
        try folder.move(old, new)
    }

    @Test(arguments: TestStore.available) func renamedFilesKeepTheirVectors(store: TestStore)
        async throws
    {
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        let long = (0..<20).map { SampleTexts.text($0, words: 10) }.joined(separator: "\n\n")
        try folder.write("n/a.md", "# Kites\n\n" + long)
        try folder.write("n/b.txt", "boats and harbors")
        try folder.write("n/c.txt", "boats and harbors")
        try folder.write(
            "n/d.jsonl", #"{"text":"one"}"# + "\n" + #"{"id":"own","text":"two"}"# + "\n")
        try await synchronize(collection)
        let encoded = embedder.encoded.value
        let before = try await collection.query(
            SampleTexts.text(7, words: 10)
        ).hits
        #expect(before.first?.id == "n/a.md")
        // To another name, into a folder, and a file of records.
        try move("n/a.md", "n/kites 2.md")
        try move("n/b.txt", "n/sub/b.txt")
        try move("n/d.jsonl", "n/e.jsonl")
        let plan = try await plan(collection)
        #expect(
            plan.changes == [
                .keep(id: "n/c.txt"), .move(id: "n/e.jsonl:1", from: "n/d.jsonl:1"),
                .keep(id: "own"), .move(id: "n/kites 2.md", from: "n/a.md"),
                .move(id: "n/sub/b.txt", from: "n/b.txt"),
            ])
        let summary = try await synchronize(collection)
        #expect(summary.moved == 3 && summary.deleted == 0 && summary.inserted == 0)
        #expect(embedder.encoded.value == encoded)
        let after = try await collection.query(
            SampleTexts.text(7, words: 10)
        ).hits
        #expect(after.first?.id == "n/kites 2.md" && after.first?.score == before.first?.score)
        #expect(
            try collection.document("n/sub/b.txt")?.metadata["file"]?.objectValue?["path"]
                == "n/sub/b.txt")
        #expect(try collection.document("n/a.md") == nil)
        #expect(try collection.count() == 5)
        // A name that is the title changes, and with it the words that find it.
        try move("n/c.txt", "n/marina.txt")
        #expect(try await synchronize(collection).moved == 1)
        #expect(embedder.encoded.value == encoded)
        let hits = try await collection.query("marina", mode: .lexical).hits
        #expect(hits.map(\.id) == ["n/marina.txt"])
        // What is renamed and changed is new; a copy is new, too.
        try move("n/marina.txt", "n/changed.txt")
        try folder.write("n/changed.txt", "boats and no harbors")
        try folder.write("n/copy.txt", "boats and harbors")
        let changed = try await synchronize(collection)
        #expect(changed.inserted == 1 && changed.moved == 1 && changed.deleted == 0)
        #expect(try await database.check().isSound)
        try database.close()
    }

    @Test(arguments: TestStore.available) func deletionsAreBounded(store: TestStore) async throws {
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        for number in 0..<10 { try folder.write("n/\(number).md", "note \(number)") }
        try await synchronize(collection)
        for number in 0..<4 { try folder.remove("n/\(number).md") }
        for limit in [IngestOptions.DeletionLimit.documents(3), .percent(39)] {
            await #expect(throws: DatabaseError.tooManyDeletions(documents: 4, total: 10)) {
                try await plan(collection, limit: limit)
            }
            let reader = try reader()
            await #expect(throws: DatabaseError.tooManyDeletions(documents: 4, total: 10)) {
                try await collection.ingest(reader, options: options(reader, limit: limit))
            }
            #expect(try collection.count() == 10)
        }
        #expect(try await synchronize(collection, limit: .percent(40)).deleted == 4)
        // An emptied folder, as one that is not mounted.
        for number in 4..<10 { try folder.remove("n/\(number).md") }
        let source = DocumentReader.source(ofPath: folder.file("n"))
        await #expect(throws: DatabaseError.sourceEmptied(path: source, documents: 6)) {
            try await plan(collection)
        }
        let empty = try reader()
        await #expect(throws: DatabaseError.sourceEmptied(path: source, documents: 6)) {
            try await collection.ingest(empty, options: options(empty))
        }
        #expect(try collection.count() == 6)
        #expect(try await synchronize(collection, limit: .documents(6)).deleted == 6)
        #expect(try collection.count() == 0)
        try database.close()
    }

    @Test func aPreviewOfNothingAndOfConflicts() async throws {
        try folder.write(
            "n/a.jsonl", #"{"id":"x","text":"1"}"# + "\n" + #"{"id":"x","text":"2"}"# + "\n")
        let reader = try reader()
        var preview = try IngestPreview(of: nil, options: options(reader))
        var changes: [PlannedChange] = []
        for try await document in reader { changes.append(try preview.add(document)) }
        #expect(changes == [.add(id: "x"), .replace(id: "x")])
        #expect(try preview.finish().isEmpty)
        #expect(preview.summary.documents == 2)
        let database = try Database(path: folder.file("a.vdb"), embedder: embedder)
        let collection = database.collection()
        try await collection.ingest([Document(id: "x", text: "0")])
        var options = IngestOptions()
        options.onConflict = .skip
        preview = try IngestPreview(of: collection, options: options)
        #expect(try preview.add(Document(id: "x", text: "1")) == .skip(id: "x"))
        options.onConflict = .error
        preview = try IngestPreview(of: collection, options: options)
        #expect(throws: DatabaseError.documentExists(id: "x", source: nil)) {
            try preview.add(Document(id: "x", text: "1"))
        }
        #expect(try collection.document("x")?.text == "0")
        try database.close()
    }

    @Test func aSnapshotTellsWhatHasChanged() async throws {
        try folder.write("n/a.md", "one")
        try folder.write("n/b.md", "two")
        try folder.write("n/sub/c.md", "three")
        func reader(_ earlier: SourceSnapshot?) throws -> DocumentReader {
            try DocumentReader([SourcePath(folder.file("n"))], changedSince: earlier)
        }
        let first = try reader(nil)
        #expect(first.sources.count == 3 && first.goneSources.isEmpty)
        #expect(try reader(first.snapshot).sources.isEmpty)
        try folder.write("n/a.md", "other")
        try folder.remove("n/b.md")
        try folder.write("n/d.md", "four")
        let next = try reader(first.snapshot)
        #expect(next.sources.map { $0.split(separator: "/").last } == ["a.md", "d.md"])
        #expect(next.goneSources.map { $0.split(separator: "/").last } == ["b.md"])
        #expect(next.snapshot.sources.count == 3)
        // The same content in another file: editors write a new one and rename it.
        try folder.write("n/x.tmp", "three")
        try folder.remove("n/sub/c.md")
        try move("n/x.tmp", "n/sub/c.md")
        #expect(try reader(next.snapshot).sources.count == 1)
    }
}

import Foundation
import Synchronization
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

struct IngestTests {
    /// Texts that begin and end with a letter take a shortcut.
    @Test func embeddedTextIsTrimmed() {
        for title in ["", "T", " T", "\u{3000}"] {
            for text in [
                "", " ", "a", " a", "a\t", "\u{A0}\u{E9}", "\u{E9}\u{85}", "a\u{301}\n",
                "\u{2028}a b",
            ] {
                let whole = title.isEmpty ? text : title + " " + text
                let expected = whole.trimmingCharacters(in: .whitespacesAndNewlines)
                let found = Document.embeddedText(title: title, text: text)
                #expect(found.utf8.elementsEqual(expected.utf8))
            }
        }
    }

    @Test(arguments: TestStore.available) func whatGoesInComesBack(store: TestStore) async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        let collection = database.collection()
        let documents = SampleTexts.documents(0..<300)
        let summary = try await collection.ingest(documents)
        #expect(summary.documents == 300)
        #expect(summary.inserted == 300)
        #expect(summary.tokens == 300 * 14)
        for document in documents { #expect(try collection.document(document.id) == document) }
        #expect(try collection.count() == 300)
        try database.close()
    }

    @Test(arguments: TestStore.available) func unchangedDocumentsAreNotEncodedAgain(
        store: TestStore
    ) async throws {
        let folder = TemporaryFolder()
        let embedder = TestEmbedder()
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        var documents = SampleTexts.documents(0..<100)
        try await collection.ingest(documents)
        #expect(embedder.encoded.value == 100)
        documents[7].text += " more"
        documents[8].metadata["number"] = -1
        documents.append(Document(id: "new", text: "fresh cider"))
        let summary = try await collection.ingest(documents)
        #expect(summary.unchanged == 98)
        #expect(summary.replaced == 2)
        #expect(summary.inserted == 1)
        // The one whose metadata changed keeps its vector.
        #expect(embedder.encoded.value == 102)
        // Nor are its tokens counted again: d7 has two words more, and its title's.
        #expect(summary.tokens == 15 + 2)
        for document in documents { #expect(try collection.document(document.id) == document) }
        let answer = try await collection.query(documents[8].text, limit: 1, mode: .dense)
        #expect(answer.hits.first?.id == "d8")
        #expect(answer.hits.first?.metadata["number"] == -1)
        try database.close()
    }

    /// Titles are encoded with every passage, so they count.
    @Test func passagesAreNoLongerThanTheEmbedderReads() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let text = (0..<30).map { SampleTexts.text($0, words: 5) + "." }.joined(separator: "\n\n")
        func documents(_ title: String) -> [Document] {
            [TextLayout.record, .plain, .markdown].map {
                Document(id: $0.rawValue, text: text, title: title, layout: $0)
            }
        }
        var options = IngestOptions()
        options.chunking = Chunking()
        // What an embedder of unknown length keeps whole is cut once it changes.
        var database = try Database(path: path, embedder: TestEmbedder())
        try await database.collection().ingest(documents("A note"), options: options)
        #expect(try database.collection().statistics().passages == 3)
        try database.close()
        database = try Database(path: path, embedder: TestEmbedder(wordLimit: 24))
        let again = try await database.collection().ingest(documents("A note"), options: options)
        #expect(again.unchanged == 3)
        let changed = try await database.collection().ingest(
            documents("Another note"), options: options)
        #expect(changed.replaced == 3 && changed.truncated == 0)
        // Three sentences of five words each.
        #expect(try database.collection().statistics().passages == 30)
        // The title takes all that is read: passages of a word would not help.
        let title = SampleTexts.text(99, words: 40)
        let titled = try await database.collection().ingest(documents(title), options: options)
        #expect(titled.truncated == 90)
        try database.close()
    }

    /// An ingest whose database is moved away acknowledges nothing more, and fails.
    @Test(arguments: [true, false])
    func aDatabaseThatIsTakenAwayStopsTheIngest(isMoved: Bool) async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let database = try Database(path: path, embedder: TestEmbedder())
        let collection = database.collection()
        try await collection.ingest(SampleTexts.documents(0..<10))
        var options = IngestOptions()
        options.batchSize = 10
        let acknowledged = Mutex(0)
        let countAtMove = Mutex<Int?>(nil)
        options.acknowledged = { count in
            acknowledged.withLock { $0 = count }
            let isFirst = countAtMove.withLock { first in
                defer { if first == nil { first = count } }
                return first == nil
            }
            guard isFirst else { return }
            if isMoved {
                try? FileManager.default.moveItem(atPath: path, toPath: folder.file("b.vdb"))
            } else {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        let (stream, continuation) = AsyncStream<Document>.makeStream()
        for document in SampleTexts.documents(0..<200) { continuation.yield(document) }
        continuation.finish()
        await #expect(throws: DatabaseError.moved(path: path)) {
            try await collection.ingest(stream, options: options)
        }
        #expect(acknowledged.withLock { $0 } == countAtMove.withLock { $0 })
        try? database.close()
    }

    /// For SQLite a text ends at its first NUL character.
    @Test(arguments: TestStore.available) func anIdentifierWithNULIsNobodys(store: TestStore)
        async throws
    {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        let collection = database.collection()
        let document = Document(id: "a", text: "cider", metadata: ["k": "y"])
        try await collection.ingest([document])
        #expect(try collection.document("a\0b") == nil)
        #expect(try await collection.delete(["a\0b"]) == 0)
        await #expect(throws: (any Error).self) {
            try await collection.ingest([Document(id: "a\0b", text: "cider", metadata: ["k": "y"])])
        }
        #expect(try collection.document("a") == document)
        try database.close()
    }
}

import DocumentStore
import Foundation
import Synchronization
import TestSupport
import Testing

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}

@Suite struct LifeTests {
    /// Random operations, compared with a dictionary; the store is sometimes reopened, compacted
    /// and checked.
    @Test(arguments: [11, 12, 13, 14])
    func behavesLikeADictionary(seed: UInt64) throws {
        var generator = RandomSource.forTest(0, part: Int(seed))
        let scratch = TemporaryFolder()
        var (store, collection) = try DocumentStore.make(scratch)
        try store.indexField("n", in: collection)
        var expected: [String: (word: String, number: Int, passages: Int)] = [:]
        /// Passage keys as a follower of the change log has them.
        var followed = Set<Int64>()
        var position: Int64 = 0
        var greatest: Int64 = 0
        let words = ["apple", "pear", "plum", "quince", "fig"]

        for step in 0..<250 {
            switch Int.random(in: 0..<12, using: &generator) {
            case 0..<7:
                var batch: [DocumentWrite] = []
                for _ in 0..<Int.random(in: 0...6, using: &generator) {
                    let id = "id\(Int.random(in: 0..<40, using: &generator))"
                    let word = words.randomElement(using: &generator) ?? ""
                    let number = Int.random(in: 0..<5, using: &generator)
                    let passages = Int.random(in: 1...3, using: &generator)
                    batch.append(
                        .sample(
                            id, texts: (0..<passages).map { "\(word) part \($0)" },
                            vector: [Float(number), 1, 0], metadata: #"{"n":\#(number)}"#,
                            source: "s\(number)"))
                    expected[id] = (word, number, passages)
                }
                _ = try store.write(batch, to: collection)
            case 7, 8:
                let ids = (0..<3).map { _ in "id\(Int.random(in: 0..<40, using: &generator))" }
                let present = Set(ids).filter { expected[$0] != nil }
                #expect(try store.delete(ids: ids, from: collection).deleted == present.count)
                for id in ids { expected[id] = nil }
            case 9:
                let number = Int.random(in: 0..<5, using: &generator)
                let predicate = MetadataPredicate.comparison(
                    field: "n", .equal, .integer(Int64(number)))
                _ = try store.delete(where: predicate, from: collection)
                expected = expected.filter { $0.value.number != number }
            case 10:
                try store.close()
                store = try DocumentStore(path: store.path, mode: .readWrite)
            default:
                if step % 3 == 0 { try store.compact() }
            }
            let keys = try follow(store, collection, &followed, &position)
            #expect(keys.allSatisfy { $0 > greatest }, "a key was given out again")
            greatest = max(greatest, keys.max() ?? 0)
            if step % 10 == 0 { try compare(store, collection, expected, followed) }
        }
        try compare(store, collection, expected, followed)
        #expect(try store.check().isEmpty)
        try store.close()
    }

    /// Applies new log entries; returns the keys that were inserted.
    private func follow(
        _ store: DocumentStore, _ collection: CollectionRecord, _ keys: inout Set<Int64>,
        _ position: inout Int64
    ) throws -> [Int64] {
        var inserted: [Int64] = []
        while let change = try store.changes(after: position, limit: 1, in: collection).first {
            position = change.position
            switch change.kind {
            case .inserted:
                keys.formUnion(change.passages)
                inserted += Array(change.passages)
            case .deleted: keys.subtract(change.passages)
            case .replacedAll: Issue.record("nothing was re-encoded")
            }
        }
        #expect(try store.position(of: collection) == position)
        return inserted
    }

    private func compare(
        _ store: DocumentStore, _ collection: CollectionRecord,
        _ expected: [String: (word: String, number: Int, passages: Int)], _ followed: Set<Int64>
    ) throws {
        var listed: [DocumentRecord] = []
        while true {
            let page = try store.documents(after: listed.last?.id, limit: 7, in: collection)
            if page.isEmpty { break }
            listed += page
        }
        #expect(listed.map(\.id) == expected.keys.sorted())
        var vectors: [Int64: [Float]] = [:]
        var last: Int64 = 0
        while true {
            let batch = try store.vectors(after: last, limit: 5, in: collection)
            guard let key = batch.keys.last else { break }
            last = key
            for (row, key) in batch.keys.enumerated() {
                vectors[key] = Array(batch.values[row * 3..<row * 3 + 3])
            }
        }
        #expect(Set(vectors.keys) == followed)
        for record in listed {
            guard let document = expected[record.id] else { continue }
            let passages = try store.passages(ofDocument: record.key, in: collection)
            #expect(passages.count == document.passages)
            #expect(passages.allSatisfy { $0.text.hasPrefix(document.word) })
            #expect(
                passages.allSatisfy { vectors[$0.key] == [Float(document.number), 1, 0] })
            #expect(record.source == "s\(document.number)")
        }
        let texts = try store.textChanges(
            since: nil, afterKey: 0, limit: 10_000, in: collection
        ).inserted
        for (word, documents) in Dictionary(grouping: expected.values, by: \.word) {
            #expect(
                texts.count { $0.text.hasPrefix(word) }
                    == documents.reduce(0) { $0 + $1.passages })
        }
        let record = try store.current(collection)
        #expect(record.documentCount == expected.count)
        #expect(record.passageCount == vectors.count)
    }

    /// Readers in other threads and through another opening always see whole batches.
    @Test func readersSeeWholeBatchesWhileAWriterWrites() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let other = try DocumentStore(path: store.path, mode: .readOnly)
        let done = Flag()
        let readers = (0..<4).map { reader in
            Thread.running {
                let source = reader % 2 == 0 ? store : other
                repeat {
                    let count = try source.current(collection).passageCount
                    #expect(count % 10 == 0)
                    let hits = try source.textChanges(
                        since: nil, afterKey: 0, limit: 10_000, in: collection
                    ).inserted
                    #expect(hits.count % 10 == 0 && hits.count >= count)
                    let found = try source.passages(
                        forKeys: hits.prefix(5).map(\.key), in: collection)
                    #expect(found.count == min(5, hits.count))
                    let vectors = try source.vectors(limit: 10_000, in: collection)
                    #expect(vectors.count % 10 == 0 && vectors.count >= hits.count)
                } while !done.isSet
            }
        }
        for batch in 0..<20 {
            _ = try store.write(
                (0..<10).map { .sample("\(batch)-\($0)", text: "word \($0)") }, to: collection)
        }
        done.set()
        for reader in readers { reader.wait() }
        #expect(try other.check().isEmpty)
        try other.close()
        try store.close()
    }

    @Test func twoWritersTakeTurns() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let other = try DocumentStore(
            path: store.path, mode: .readWrite, busyTimeout: .seconds(120))
        let second = Thread.running {
            for index in 0..<30 {
                _ = try other.write([.sample("b\(index)")], to: collection)
            }
        }
        for index in 0..<30 {
            _ = try store.write([.sample("a\(index)")], to: collection)
        }
        second.wait()
        #expect(try store.current(collection).documentCount == 60)
        #expect(try store.vectors(limit: 200, in: collection).keys == (1...60).map { Int64($0) })
        #expect(try store.check().isEmpty)
        try other.close()
        try store.close()
    }
}

extension Thread {
    /// A separate thread: tasks would share two, and one that waits for another could wait forever.
    fileprivate static func running(_ body: @escaping @Sendable () throws -> Void)
        -> DispatchSemaphore
    {
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            #expect(throws: Never.self) { try body() }
            ended.signal()
        }
        return ended
    }
}

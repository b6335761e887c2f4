import DocumentStore
import Foundation
import TestSupport
import Testing

/// Bits that flip in a database file at rest.
///
/// A flipped bit may cause an error, be found by `check`, or affect nothing that is ever read (free
/// space, padding). It must never change a document, text or vector that is read, nor pass `check`
/// and yet change which words or rows are found.
@Suite struct RotTests {
    /// Everything that reading gives.
    struct Contents: Equatable {
        var documents: [DocumentRecord]
        var passages: [PassageRecord]
        var vectors: VectorBatch
        var texts: [PassageText]

        init(_ store: DocumentStore) throws {
            let collection = try store.requireCollection(named: "default")
            documents = try store.documents(limit: 999, in: collection)
            passages = try store.passages(limit: 999, in: collection)
            vectors = try store.vectors(limit: 999, in: collection)
            texts = try store.textChanges(
                since: nil, afterKey: 0, limit: 999, in: collection
            ).inserted
        }
    }

    static func make(_ scratch: TemporaryFolder) throws -> DocumentStore {
        let (store, collection) = try DocumentStore.make(scratch)
        let texts = (0..<600).map { number in
            (0..<60).map { "word\(($0 * $0 + number * 13) % 997)" }.joined(separator: " ")
        }
        _ = try store.write(
            texts.enumerated().map { number, text in
                .sample(
                    "\(number)", title: "title \(number)", text: text,
                    vector: [Float(number), 1, 0], metadata: #"{"n":\#(number)}"#,
                    source: "a.jsonl")
            }, to: collection)
        _ = try store.delete(ids: ["3", "50"], from: collection)
        try store.compact()
        return store
    }

    /// Whether the first equals the second without some of its elements.
    private static func isPart<Element: Equatable>(_ part: [Element], of whole: [Element]) -> Bool {
        var rest = part[...]
        for element in whole where element == rest.first { rest.removeFirst() }
        return rest.isEmpty
    }

    @Test func noFlippedBitIsReadSilently() throws {
        let scratch = TemporaryFolder()
        let store = try Self.make(scratch)
        let contents = try Contents(store)
        try store.close()
        let sound = try Data(contentsOf: URL(fileURLWithPath: store.path))
        let path = scratch.file("damaged.vdb")
        var generator = RandomSource.forTest(11)
        var silent = 0
        for _ in 0..<80 {
            var bytes = sound
            let bit = Int.random(in: 0..<bytes.count * 8, using: &generator)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try bytes.write(to: URL(fileURLWithPath: path))
            defer {
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: path + suffix)
                }
            }
            guard let damaged = try? DocumentStore(path: path, mode: .readWrite) else { continue }
            defer { try? damaged.close() }
            let read = try? Contents(damaged)
            let isSound = (try? damaged.check().isEmpty) == true
            // Without a check, rows that are read are right, or refused. SQLite's trees have no
            // checksums, so some rows may be missed; a check finds that.
            if let read {
                #expect(Self.isPart(read.documents, of: contents.documents), "bit \(bit)")
                #expect(Self.isPart(read.passages, of: contents.passages), "bit \(bit)")
                #expect(
                    Self.isPart(read.vectors.rows, of: contents.vectors.rows), "bit \(bit)")
            }
            // If the check finds nothing, everything can be read.
            if isSound {
                #expect(read == contents, "bit \(bit) is not found by check")
                silent += 1
            }
        }
        // The rest is free space and padding.
        #expect(silent < 50)
    }
}

extension VectorBatch {
    /// The bits of each key and its vector.
    fileprivate var rows: [[UInt64]] {
        keys.enumerated().map { row, key in
            [UInt64(bitPattern: key)]
                + values[row * dimensions..<(row + 1) * dimensions].map { UInt64($0.bitPattern) }
        }
    }
}

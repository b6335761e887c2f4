import DocumentStore
import Foundation
import GRDB
import TestSupport
import Testing

@Suite struct MaintenanceTests {
    @Test func prunedChangesAreSaidToBeGone() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let first = try store.write([.sample("a"), .sample("b")], to: collection).position
        let second = try store.write([.sample("c")], to: collection).position
        #expect(
            try store.changes(after: 0, in: collection) == [
                Change(position: first, kind: .inserted, passages: 1...2),
                Change(position: second, kind: .inserted, passages: 3...3),
            ])
        try store.pruneChanges(through: first, in: collection)
        #expect(try store.changes(after: first, in: collection).map(\.position) == [second])
        #expect(
            throws: StoreError.changesPruned(
                collection: "default", position: 0, prunedThrough: first)
        ) { try store.changes(after: 0, in: collection) }
        try store.pruneChanges(through: .max, in: collection)
        #expect(try store.position(of: collection) == second)
        let third = try store.delete(ids: ["a"], from: collection).position
        #expect(third > second)
        #expect(
            try store.changes(after: second, in: collection)
                == [Change(position: third, kind: .deleted, passages: 1...1)])
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func reencodingPutsTheNewVectorsInPlaceAtOnce() throws {
        let scratch = TemporaryFolder()
        var (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write((0..<5).map { .sample("\($0)") }, to: collection)
        let model = CollectionRecord.ModelRecord(name: "new", fingerprint: "beef", path: "/m")
        let staging = StagedModel(model: model, dimensions: 2)
        #expect(throws: StoreError.nothingStaged(collection: "default")) {
            try store.stageVectors([(1, [1, 0])], in: collection)
        }
        try store.beginStaging(staging, in: collection)
        try store.stageVectors([(1, [1, 0]), (2, [0, 1])], in: collection)
        // Interrupted, and the documents change meanwhile.
        try store.close()
        store = try DocumentStore(path: store.path, mode: .readWrite)
        try store.beginStaging(staging, in: collection)
        #expect(try store.staging(of: collection) == staging)
        _ = try store.delete(ids: ["0"], from: collection)
        _ = try store.write([.sample("new")], to: collection)
        #expect(try store.vectors(limit: 9, in: collection).dimensions == 3)
        #expect(
            throws: StoreError.alreadyStaged(collection: "default", fingerprint: "beef")
        ) {
            try store.beginStaging(
                .init(model: .init(name: "x", fingerprint: "other"), dimensions: 2), in: collection)
        }
        #expect(throws: StoreError.stagingIncomplete(collection: "default", missing: 4)) {
            try store.commitStaging(in: collection)
        }
        let rest = try store.passages(
            after: store.stagedThrough(in: collection), limit: 100, in: collection)
        #expect(rest.map(\.key) == [3, 4, 5, 6])
        try store.stageVectors(rest.map { ($0.key, [Float($0.key), 1]) }, in: collection)
        let before = try store.position(of: collection)
        let updated = try store.commitStaging(in: collection)
        #expect(updated.model == model)
        #expect(updated.dimensions == 2)
        #expect(try store.vectors(limit: 9, in: updated).keys == [2, 3, 4, 5, 6])
        #expect(try store.changes(after: before, in: updated).map(\.kind) == [.replacedAll])
        // A caller that still uses the old model is refused, and both models are named.
        let mismatch = StoreError.fingerprintMismatch(
            collection: "default", expected: "beef", found: "f00d")
        #expect(throws: mismatch) { try store.write([.sample("z")], to: collection) }
        #expect(throws: mismatch) { try store.vectors(limit: 1, in: collection) }
        #expect(throws: mismatch) { try updated.verify(fingerprint: "f00d", dimensions: 2) }
        #expect(
            throws: StoreError.dimensionMismatch(collection: "default", expected: 2, found: 3)
        ) { try updated.verify(fingerprint: "beef", dimensions: 3) }
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func syncDeletesWhatIsGone() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let sources = ["docs/a.md", "docs/b.md", "docs2/c.md", "docs", "other.jsonl"]
        _ = try store.write(
            sources.enumerated().map { .sample("\($0)", source: $1) } + [.sample("none")],
            to: collection)
        try store.beginSync()
        try store.markSeen(ids: ["0", "0", "unknown"])
        let found = try store.documentsSeen(ofSources: ["docs", "docs/", "no"], in: collection)
        #expect(found.map(\.id) == ["0", "1", "3"])
        #expect(found.map(\.source) == ["docs/a.md", "docs/b.md", "docs"])
        #expect(found.map(\.isSeen) == [true, false, false])
        let unseen = found.filter { !$0.isSeen }
        let outcome = try store.delete(
            documentKeys: unseen.map(\.key) + [12345], from: collection)
        #expect(outcome.deleted == 2)
        #expect(
            try store.documents(limit: 10, in: collection).map(\.id) == ["0", "2", "4", "none"])
        try store.beginSync()
        // Documents that have moved are not deleted with their old file.
        try store.move([.sample("2", source: "docs/new.md"), .sample("x")], in: collection)
        #expect(try store.documents(ofSources: ["docs2"], in: collection).isEmpty)
        #expect(
            try store.documents(ofSources: ["docs/new.md", "docs/a.md"], in: collection)
                .map(\.source) == ["docs/a.md", "docs/new.md"])
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func aBackupIsWholeWhileOthersWrite() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write((0..<500).map { .sample("\($0)") }, to: collection)
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            for index in 0..<20 {
                #expect(throws: Never.self) {
                    try store.write(
                        (0..<10).map { .sample("\(index)-\($0)") }, to: collection)
                }
            }
            ended.signal()
        }
        let path = scratch.file("backup.vdb")
        try store.backup(to: path)
        ended.wait()
        let copy = try DocumentStore(path: path, mode: .readOnly)
        #expect(copy.identity.bytes == store.identity.bytes)
        #expect(try copy.current(collection).documentCount % 10 == 0)
        #expect(try copy.check().isEmpty)
        try copy.close()
        #expect(throws: StoreError.self) { try store.backup(to: path) }
        #expect(throws: StoreError.self) { try store.backup(to: scratch.file("no/such/x.vdb")) }
        #expect(try scratch.names().filter { $0.contains(".tmp-") }.isEmpty)
        try store.close()
    }

    @Test func compactingGivesSpaceBack() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let text = (0..<200).map { "word\($0 * 7919 % 1000)" }.joined(separator: " ")
        _ = try store.write(
            (0..<600).map { .sample("\($0)", text: text + " \($0)", metadata: #"{"n":1}"#) },
            to: collection)
        let full = try store.bytesByPart()
        for kind in [StorePart.Kind.text, .vectors, .metadata] {
            #expect((full.first { $0.kind == kind }?.bytes ?? 0) > 0)
        }
        _ = try store.delete(where: .isNotNull(field: "n"), from: collection)
        try store.compact()
        let empty = try store.bytesByPart()
        func total(_ parts: [StorePart]) -> Int { parts.reduce(0) { $0 + $1.bytes } }
        #expect(total(empty) < total(full) / 4)
        #expect(empty.first { $0.kind == .free }?.bytes == 0)
        #expect(try store.check().isEmpty)
        try store.close()
    }

    /// Each kind of damage is found, and by its name.
    @Test(arguments: [
        (
            "UPDATE passage SET text_length = text_length + 1 WHERE key = 2",
            StoreFinding.Kind.checksum
        ),
        ("UPDATE passage SET text_start = 1 WHERE key = 2", .checksum),
        ("UPDATE passage SET text = cast(upper(text) AS BLOB) WHERE key = 2", .checksum),
        ("UPDATE vector_1 SET value = x'0000003f0000000000000000' WHERE passage = 2", .checksum),
        ("UPDATE vector_1 SET checksum = NULL WHERE passage = 2", .checksum),
        ("UPDATE document SET title = 'another' WHERE key = 2", .checksum),
        ("UPDATE document SET metadata = '{\"n\":2}' WHERE key = 2", .checksum),
        ("UPDATE source SET path = 'another'", .checksum),
        ("UPDATE change SET token = token + 1", .checksum),
        ("UPDATE field_value SET value = 7 WHERE document = 2", .fieldValue),
        ("UPDATE vector_1 SET value = x'00000000' WHERE passage = 2", .checksum),
        ("UPDATE vector_1 SET value = x'0000c07f0000000000000000' WHERE passage = 2", .checksum),
        ("DELETE FROM vector_1 WHERE passage = 2", .vector),
        ("UPDATE collection SET document_count = 7", .seal),
        ("UPDATE collection SET model_settings = '{\"k\":2}'", .seal),
        ("UPDATE property SET value = 'another' WHERE name = 'created_by'", .seal),
        ("UPDATE indexed_field SET name = 'm'", .seal),
        ("DELETE FROM seal WHERE table_name = 'counter'", .seal),
        ("UPDATE counter SET value = 2 WHERE name = 'passage'", .seal),
        ("UPDATE counter SET value = 2 WHERE name = 'passage'", .counter),
        ("UPDATE change SET last_passage = 2", .checksum),
        ("DELETE FROM change", .changeLog),
        ("UPDATE passage SET document = 99 WHERE key = 2", .foreignKey),
    ])
    func damageIsFound(sql: String, kind: StoreFinding.Kind) throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let text = String(repeating: "again and ", count: 30)
        _ = try store.write(
            (0..<3).map {
                .sample("\($0)", text: text, metadata: #"{"n":\#($0)}"#, source: "a.jsonl")
            }, to: collection)
        try store.indexField("n", in: collection)
        try store.close()
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: store.path, configuration: configuration)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
        let damaged = try DocumentStore(path: store.path, mode: .readWrite)
        let findings = try damaged.check()
        #expect(findings.contains { $0.kind == kind }, "\(findings)")
        try damaged.close()
    }

    /// Bytes overwritten anywhere cause an error, a finding or nothing, but never a crash.
    @Test func flippedBytesNeverCrash() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            (0..<60).map { .sample("\($0)", text: "some words \($0)", metadata: #"{"n":\#($0)}"#) },
            to: collection)
        try store.close()
        let sound = try Data(contentsOf: URL(fileURLWithPath: store.path))
        var generator = RandomSource.forTest(5)
        var noticed = 0
        for round in 0..<20 {
            var bytes = sound
            for _ in 0..<20 {
                let index = Int.random(in: 100..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
            let path = scratch.file("damaged\(round).vdb")
            try bytes.write(to: URL(fileURLWithPath: path))
            do {
                let damaged = try DocumentStore(path: path, mode: .readWrite)
                defer { try? damaged.close() }
                _ = try? damaged.textChanges(since: nil, afterKey: 0, limit: 99, in: collection)
                _ = try? damaged.vectors(limit: 100, in: collection)
                _ = try? damaged.passages(forKeys: Array(1...60), in: collection)
                if try !damaged.check().isEmpty { noticed += 1 }
            } catch {
                noticed += 1
            }
        }
        #expect(noticed > 0)
    }
}

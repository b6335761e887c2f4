import FileFormat
import PostgresStore
import Storage
import TestSupport
import Testing

/// Deletions that only the latest worker of a unit can make.
@Suite(.needsServer)
struct FencedDeletionTests {
    @Test("Whoever lost the unit deletes nothing, and a document that was replaced stays")
    func fence() throws {
        let store = try PostgresStore(try TestServer.location(), mode: .create, places: 3)
        let collection = try store.createCollection(
            named: "c", metric: .innerProduct, dimensions: 0, elementType: .float32,
            model: .init(name: "", fingerprint: ""), index: .init(), searchSettings: nil)
        func write(_ numbers: Range<Int>, _ version: UInt64) throws {
            _ = try store.write(
                numbers.map { number in
                    DocumentWrite(
                        id: "d\(number)", source: "a.txt", sourcePosition: Int64(number),
                        contentHash: ContentHash(high: version, low: UInt64(number)),
                        passages: [PassageWrite(text: "some words \(version)", vector: [])])
                }, to: collection, onConflict: .replace)
        }
        try write(0..<100, 1)
        let keys = try store.documents(ofSources: ["a.txt"], in: collection).map(\.key)
        #expect(keys.count == 100)
        let job = try store.register(
            [WorkUnit(name: "u", path: "", bytes: 0)], as: "j", settings: "", ofCollection: "c")
        func claim(_ lease: Duration) throws -> WorkClaim {
            try #require(
                try store.claim(from: job, worker: "w", lease: lease, limit: 1, bytes: 0).first)
        }
        let lost = try claim(.zero)
        let held = try claim(.seconds(60))
        #expect(throws: StoreError.workLost(unit: "u")) {
            try store.delete(
                documentKeys: keys, from: collection, holding: lost, of: job, lease: .seconds(60))
        }
        #expect(try store.documents(ofSources: ["a.txt"], in: collection).map(\.key) == keys)
        try write(0..<10, 2)
        let deleted = try store.delete(
            documentKeys: keys + [1 << 60], from: collection, holding: held, of: job,
            lease: .seconds(60)
        ).deleted
        #expect(deleted == 90)
        let left = try store.documents(ofSources: ["a.txt"], in: collection)
        let ids: [String] = left.map(\.id).sorted()
        #expect(ids == (0..<10).map { "d\($0)" })
        let current = try #require(try store.collection(named: "c"))
        #expect(current.documentCount == 10 && current.passageCount == 10)
        #expect(try store.check().isEmpty)
        store.close()
    }
}

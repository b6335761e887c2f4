import Foundation
import Synchronization
import TestSupport
import Testing
import VectorDatabase

/// A disk that fills during an ingest, and a medium that cannot be written to: real ones, where one can
/// be mounted. (`DiskFaultTests` has the same errors come from the seam.)
@Suite(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.unavailable)))
struct SmallDiskTests {
    private final class Acknowledged: Sendable { let count = Mutex(0) }

    private static func documents(_ range: Range<Int>) -> [Document] {
        range.map { number in
            Document(
                id: "d\(number)", text: "document \(number) of many",
                vector: HashEmbedding.vector(of: "\(number)", dimensions: 16))
        }
    }

    @Test func aDiskThatFillsDuringAnIngest() async throws {
        let disk = try SmallDisk(megabytes: 24)
        let ballast = disk.file("ballast")
        try Data(count: 20 << 20).write(to: URL(fileURLWithPath: ballast))
        let path = disk.file("corpus.vdb")
        let database = try Database(path: path)
        let safe = Acknowledged()
        var options = IngestOptions()
        options.batchSize = 100
        options.acknowledged = { count in safe.count.withLock { $0 = count } }
        await #expect {
            try await database.collection().ingest(Self.documents(0..<20_000), options: options)
        } throws: { error in
            // By the database or by a cache file, whichever the disk had no room for.
            "\(error)".contains("full") || "\(error)".contains("No space left")
        }
        let acknowledged = safe.count.withLock { $0 }
        #expect(acknowledged > 0)
        // Readers go on, and so do writers once there is room.
        func expectStored() async throws {
            #expect(try database.collection().document("d\(acknowledged - 1)") != nil)
            #expect(try database.collection().statistics().documents >= acknowledged)
            #expect(try await database.check().isSound)
        }
        try await expectStored()
        try FileManager.default.removeItem(atPath: ballast)
        try await database.collection().ingest(Self.documents(200_000..<200_100))
        try await expectStored()
        let hit = try await database.collection().query(
            Query(vector: HashEmbedding.vector(of: "200050", dimensions: 16), limit: 1)
        ).hits.first
        #expect(hit?.id == "d200050")
        try database.close()
        // Nothing half-written is left.
        let names = try FileManager.default.contentsOfDirectory(atPath: disk.path)
        #expect(names.filter { $0.contains(".tmp-") }.isEmpty)
    }

    @Test func aReadOnlyMedium() async throws {
        let disk = try SmallDisk(megabytes: 8)
        let path = disk.file("corpus.vdb")
        let database = try Database(path: path)
        try await database.collection().ingest(Self.documents(0..<600))
        try database.close()
        try #require(disk.protect())
        var options = DatabaseOptions()
        options.access = .readOnly
        let reader = try Database(path: path, options: options)
        let vector = HashEmbedding.vector(of: "77", dimensions: 16)
        #expect(try await reader.collection().query(Query(vector: vector)).hits.first?.id == "d77")
        #expect(try await reader.check().isSound)
        try reader.close()
        for access in [DatabaseOptions.Access.readWrite, .create] {
            options.access = access
            await #expect(throws: DatabaseError.self) {
                let writer = try Database(path: path, options: options)
                try await writer.collection().delete(["d1"])
            }
        }
        #expect(throws: DatabaseError.self) { try Database(path: disk.file("new.vdb")) }
    }
}

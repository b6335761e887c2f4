import Foundation
import Synchronization
import TestSupport
import VectorDatabase

/// Readers and writers at once: tasks on one open database, on a second one opened for reading as
/// another process would, and, where a program is given, other processes that ingest and query.
///
/// 1. A read that begins after a write has returned sees it: never an older version, and a document's
///    absence only where its deletion had begun.
/// 2. A read sees a committed state: of the documents that one call writes in their order, a first part
///    is new and the rest all as before, and only while that call runs; a deletion is seen whole.
/// 3. A hit is one document at one version: its text, its metadata and its score agree; and a document
///    that is stored is found by its own vector through the graph while others are being linked.
/// 4. Readers do not wait for the writer: while one holds the database they go on, and a second writer
///    is told which process holds it.
/// 5. Nothing throws, but that a writer in another process may be told to try again (status 75).
/// 6. At the end what is stored is what the writers wrote, and `Verifier` is content.
package struct ConcurrencyLoop: Sendable {
    package struct Options: Sendable {
        package var folder: String
        package var seed: UInt64
        /// What each writer does before it ends; readers go on as long as there is a writer.
        package var writes = 30
        /// Goes on for at least so long.
        package var seconds = 0.0
        package var writers = 2
        package var readers = 4
        /// Whose processes take part; nil for none.
        package var program: String?

        package init(folder: String, seed: UInt64) {
            self.folder = folder
            self.seed = seed
        }
    }

    package struct Summary: Sendable {
        package var writes = 0
        package var reads = 0
        package var processes = 0
        /// Searches through the graph for a stored document by its own vector, and how many did not
        /// find it.
        package var walks = 0
        package var misses = 0
    }

    let options: Options
    let journal = WriteJournal()

    package init(_ options: Options) { self.options = options }

    var path: String { options.folder + "/corpus.vdb" }

    package func run() async throws -> Summary {
        var settings = FaultScript.options(SystemDisk.files)
        settings.lockTimeout = .seconds(60)
        settings.threads = 2
        settings.cachePolicy.smallestGraphLag = 100
        settings.cachePolicy.smallestFlatLag = 30
        let database = try Database(path: path, options: settings)
        // Somebody has to have written for readers to find anything.
        try await write(WriteGroup(writer: 0, index: 0), version: 1, to: database)
        settings.access = .readOnly
        let reading = try Database(path: path, options: settings)
        try await readWhileAWriteIsOpen([database, reading])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in 0..<options.readers {
                let target = reader % 2 == 0 ? database : reading
                group.addTask {
                    var random = RandomSource(seed: options.seed &* 2000 &+ UInt64(reader))
                    while !journal.isOver { try await read(from: target, random: &random) }
                }
            }
            if let program = options.program {
                group.addTask { try await query(program) }
            }
            group.addTask { try await writeAll(to: database) }
            while try await group.next() != nil {}
        }
        let summary = journal.summary
        guard summary.misses * 50 <= summary.walks else {
            throw failure("\(summary.misses) of \(summary.walks) stored documents were not found")
        }
        try await verify([reading, database])
        return summary
    }

    private func verify(_ databases: [Database]) async throws {
        var verifier = Verifier(program: nil, dimensions: FaultScript.dimensions)
        var random = RandomSource(seed: options.seed)
        for database in databases {
            guard try await verifier.verify(database, random: &random) == journal.stored else {
                throw failure("something else is stored at the end")
            }
            try database.close()
        }
    }

    func failure(_ reason: String) -> KillLoop.Failure {
        .init(description: "seed \(options.seed): \(reason)")
    }

    // MARK: Writers

    private func writeAll(to database: Database) async throws {
        defer { journal.end() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<options.writers {
                group.addTask { try await write(to: database, writer: writer) }
            }
            if let program = options.program {
                group.addTask { try await ingest(program, writer: options.writers) }
            }
            while try await group.next() != nil {}
        }
    }

    func isEnough(_ writes: Int, since start: ContinuousClock.Instant) -> Bool {
        writes >= options.writes
            && (ContinuousClock.now - start) / .seconds(1) >= options.seconds
    }

    private func write(to database: Database, writer: Int) async throws {
        var random = RandomSource(seed: options.seed &* 1000 &+ UInt64(writer))
        let start = ContinuousClock.now
        var version = 1
        while !isEnough(version, since: start) {
            version += 1
            let group = WriteGroup.random(of: writer, &random)
            if random.chance(0.25) {
                journal.begin(group, version)
                try await database.collection().delete(group.numbers.map { "d\($0)" })
                journal.acknowledge(group, version, isDeleted: true)
            } else {
                try await write(group, version: version, to: database)
            }
        }
    }

    private func write(_ group: WriteGroup, version: Int, to database: Database) async throws {
        journal.begin(group, version)
        try await database.collection().ingest(group.documents(version).map(\.document))
        journal.acknowledge(group, version, isDeleted: false)
    }

    // MARK: The lock

    /// Holds the writer's lock by an ingest whose source does not end before every reader is done: a
    /// reader that waited for the writer would wait for ever.
    private func readWhileAWriteIsOpen(_ databases: [Database]) async throws {
        let (documents, source) = AsyncStream<Document>.makeStream()
        let (commits, committed) = AsyncStream<Int>.makeStream()
        let held = SampleDocument(number: WriteGroup.heldNumber, version: 1)
        let ingest = Task {
            var options = IngestOptions()
            options.acknowledged = { committed.yield($0) }
            _ = try await databases[0].collection().ingest(documents, options: options)
        }
        source.yield(held.document)
        for await count in commits where count > 0 { break }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, database) in databases.enumerated() {
                group.addTask {
                    var random = RandomSource(seed: options.seed &+ UInt64(number))
                    for _ in 0..<10 { try await read(from: database, random: &random) }
                }
            }
            group.addTask { try await expectLocked() }
            if let program = options.program {
                group.addTask { try await expectLocked(program) }
            }
            while try await group.next() != nil {}
        }
        source.finish()
        try await ingest.value
        _ = try await databases[0].collection().delete([held.id])
    }

    private func expectLocked() async throws {
        var settings = DatabaseOptions()
        settings.lockTimeout = .milliseconds(50)
        let other = try Database(path: path, options: settings)
        defer { try? other.close() }
        do {
            _ = try await other.collection().delete(["d0"])
        } catch let error as DatabaseError {
            guard "\(error)".contains("process \(getpid())") else {
                throw failure("the holder of the lock is not named: \(error)")
            }
            return
        }
        throw failure("two writers write at once")
    }
}

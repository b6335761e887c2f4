import Foundation
import TestSupport
import VectorDatabase

/// Damages one cache file of a sound database after another, in its own way each time.
package struct CacheRot {
    package struct Summary: Sendable {
        package var damaged = 0
        /// How often `check` told of it.
        package var found = 0
    }

    let folder: String
    var random: RandomSource
    private var verifier = Verifier(program: nil, dimensions: FaultScript.dimensions)
    private let script = FaultScript([
        .ingest((0..<150).map { SampleDocument(number: $0, version: 1) }), .delete([3, 30, 50]),
        .ingest((150..<170).map { SampleDocument(number: $0, version: 1) }),
    ])

    package init(folder: String, seed: UInt64) {
        self.folder = folder
        random = RandomSource(seed: seed)
    }

    private var path: String { folder + "/corpus.vdb" }

    /// Flips single bits.
    package mutating func flip(suffix: String, times: Int) async throws -> Summary {
        try await damage(suffix: suffix, times: times) { bytes, random in
            let bit = Int.random(in: 0..<bytes.count * 8, using: &random)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }

    /// Cuts the file short.
    package mutating func cut(suffix: String, times: Int) async throws -> Summary {
        try await damage(suffix: suffix, times: times) { bytes, random in
            bytes.removeLast(bytes.count - Int.random(in: 0..<bytes.count, using: &random))
        }
    }

    private mutating func damage(
        suffix: String, times: Int, _ change: (inout Data, inout RandomSource) -> Void
    ) async throws -> Summary {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let made = try open()
        for action in script.actions { try await script.perform(action, on: made) }
        try made.close()
        let sound = try ([""] + CacheExchange.suffixes).map { suffix in
            (suffix, try Data(contentsOf: URL(fileURLWithPath: path + suffix)))
        }
        var summary = Summary()
        for round in 0..<times {
            for (other, bytes) in sound {
                var bytes = bytes
                if other == suffix { change(&bytes, &random) }
                try bytes.write(to: URL(fileURLWithPath: path + other), options: .atomic)
            }
            let database = try open()
            defer { try? database.close() }
            try await query(database)
            let report = try await database.check()
            summary.damaged += 1
            if report.findings.isEmpty {
                // Nothing that is ever read has changed.
                _ = try await verifier.verify(database, random: &random)
            } else {
                summary.found += 1
            }
            guard try await database.check(repairing: true).isSound,
                try await verifier.verify(database, random: &random) == script.states.last
            else {
                throw KillLoop.Failure(description: "damage \(round) to \(suffix) stays")
            }
        }
        return summary
    }

    private func open() throws -> Database {
        try Database(path: path, options: FaultScript.options(SystemDisk.files))
    }

    /// Hits are stored documents, by meaning and by words, whatever the damage.
    private mutating func query(_ database: Database) async throws {
        let stored = script.states.last ?? [:]
        for isExact in [false, true] {
            let number = Int.random(in: 0..<150, using: &random)
            var query = Query(
                vector: SampleDocument(number: number, version: 1)
                    .vector(dimensions: FaultScript.dimensions))
            query.isExact = isExact
            let words = Query("word37 word74 \(number)", mode: .lexical)
            let collection = database.collection()
            for hit in try await collection.query(query).hits + collection.query(words).hits {
                guard case .integer(let number)? = hit.metadata["n"], stored[Int(number)] != nil
                else { throw KillLoop.Failure(description: "\(hit.id) is found and not stored") }
            }
        }
    }
}

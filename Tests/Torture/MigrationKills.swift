import Foundation
import GRDB
import TestSupport
import VectorDatabase

/// Opens kept databases of earlier formats by `vdb`, which brings them to today's, kills it at random
/// moments, and opens them again.
///
///     a copy of the kept database ── vdb stats | compact | … ── SIGKILL, up to four times ──> compare
///
/// In the end each is what the same database is that was brought to today's format in peace: the same
/// documents, vectors and answers; and that one holds what was written down when it was kept.
package struct MigrationKills {
    package struct Summary: Sendable {
        package var kills = 0
        /// Databases that were brought to today's format after at least one kill.
        package var databases = 0
        /// Kills after which the format was still an earlier one, or rows were still to be filled in.
        package var unfinished = 0
    }

    private let program: String
    private let folder: String
    private let seed: UInt64
    private let fixtures: [DatabaseFixture]
    private var random: RandomSource
    private var times: KillTimes
    private var peaceful: [String: MigratedDatabase] = [:]
    private var summary = Summary()

    private static let commands = [["stats"], ["compact"], ["check", "--repair"], ["list"]]

    package init(program: String, folder: String, seed: UInt64) throws {
        self.program = program
        self.folder = folder
        self.seed = seed
        fixtures = DatabaseFixture.all
        random = RandomSource(seed: seed)
        times = KillTimes(
            start: try ChildProcess(program: program).run(["--version"], kill: .never).seconds)
    }

    package mutating func run(kills: Int) async throws -> Summary {
        guard !fixtures.isEmpty else { throw failure("there are no kept databases") }
        for fixture in fixtures {
            for command in Self.commands { try await migrateInPeace(fixture, command) }
        }
        while summary.kills < kills { try await migrateKilled(random.pick(fixtures)) }
        return summary
    }

    private func failure(_ reason: String) -> KillLoop.Failure {
        .init(description: "seed \(seed): \(reason)")
    }

    private func unpack(_ fixture: DatabaseFixture, caches: Bool) throws -> String {
        let path = folder + "/db"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        return try fixture.unpack(into: path, caches: caches)
    }

    private func kind(_ fixture: DatabaseFixture, _ command: [String]) -> String {
        "\(fixture) \(command[0])"
    }

    /// Learns how long it takes and what comes of it.
    private mutating func migrateInPeace(
        _ fixture: DatabaseFixture, _ command: [String]
    ) async throws {
        let path = try unpack(fixture, caches: true)
        let outcome = try ChildProcess(program: program).run(
            command + ["--db", path, "--quiet"], kill: .never, watching: folder + "/db")
        guard outcome.status == 0 else {
            throw failure("\(fixture): \(command) ends with \(outcome.status ?? -1)")
        }
        times.record(
            kind(fixture, command), seconds: outcome.seconds, events: outcome.events)
        let expected = try fixture.expected()
        let found = try await MigratedDatabase(path, program: program, expected)
        if let fault = found.difference(from: expected) { throw failure("\(fixture): \(fault)") }
        if let before = peaceful[fixture.name], before != found {
            throw failure("\(fixture): \(command) leaves another database than another command")
        }
        peaceful[fixture.name] = found
    }

    private mutating func migrateKilled(_ fixture: DatabaseFixture) async throws {
        let path = try unpack(fixture, caches: random.chance(0.5))
        var history: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let command = random.pick(Self.commands)
            let share = Double.random(in: 0...1, using: &random)
            let moment = times.moment(
                random.chance(0.3) ? .time(share) : .events(share), kind: kind(fixture, command),
                documents: 0)
            let outcome = try ChildProcess(program: program).run(
                command + ["--db", path, "--quiet"], kill: moment, watching: folder + "/db")
            history.append("\(command[0]), \(moment)")
            if let status = outcome.status {
                guard status == 0 else {
                    throw failure(
                        "\(fixture), \(history): ends with \(status): \(outcome.text)")
                }
            } else {
                summary.kills += 1
                if try isUnfinished(path) { summary.unfinished += 1 }
            }
        }
        let found = try await MigratedDatabase(path, program: program, try fixture.expected())
        guard found == peaceful[fixture.name] else {
            throw failure(
                "\(fixture), \(history): "
                    + (found.difference(from: try fixture.expected()) ?? "another database is left")
            )
        }
        summary.databases += 1
    }

    /// Reads a copy, so that the log that the kill left is taken in by `vdb` and not here.
    private func isUnfinished(_ path: String) throws -> Bool {
        let copy = folder + "/copy.vdb"
        for ending in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: copy + ending)
            if FileManager.default.fileExists(atPath: path + ending) {
                try FileManager.default.copyItem(atPath: path + ending, toPath: copy + ending)
            }
        }
        let queue = try DatabaseQueue(path: copy)
        defer { try? queue.close() }
        return try queue.read { database in
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let newest = peaceful.values.first?.version ?? 0
            let filling =
                try database.tableExists("backfill")
                ? Int.fetchOne(database, sql: "SELECT count(*) FROM backfill") ?? 0 : 0
            return version < newest || filling > 0
        }
    }
}

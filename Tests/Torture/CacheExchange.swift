import Foundation
import TestSupport
import VectorDatabase

/// Puts cache files beside a database that are not its own: another database's, those of an earlier or
/// a later moment, those of a copy that went on apart, those of a version to come.
///
/// Every subset of the files is exchanged. Whatever lies there, queries give what brute force gives,
/// `check` finds no fault, and after more has been written both still hold.
package struct CacheExchange {
    /// The states that databases and caches are taken from; each has a folder of its own.
    package enum State: String, Sendable, CaseIterable {
        case early, late
        /// What became of a copy of `early`: as many changes as `late`, but others.
        case apart
        /// The same history as `late`, in a database made for itself.
        case other
        /// The caches of `late` with a version number that is not known yet.
        case future
    }

    package static let suffixes = ["-index", "-vectors", "-lexical", "-lexical-recent"]

    let folder: String
    var random: RandomSource
    private var verifier = Verifier(program: nil, dimensions: FaultScript.dimensions)
    private var stored: [State: StoredVersions] = [:]

    package init(folder: String, seed: UInt64) {
        self.folder = folder
        random = RandomSource(seed: seed)
    }

    private func path(_ state: State) -> String { folder + "/\(state).vdb" }

    private static func script(_ state: State) -> FaultScript {
        let first = KillAction.ingest((0..<60).map { SampleDocument(number: $0, version: 1) })
        let changed = state == .apart ? 10..<50 : 20..<60
        return FaultScript([
            first,
            .ingest(changed.map { SampleDocument(number: $0, version: state == .apart ? 3 : 2) }),
            .delete(state == .apart ? [1, 11] : [3, 30]),
            .ingest((100..<115).map { SampleDocument(number: $0, version: 1) }),
        ])
    }

    /// Makes the databases.
    package mutating func prepare() async throws {
        let script = Self.script(.late)
        try await perform(script, 0..<1, at: path(.early))
        stored[.early] = script.states[1]
        for state in [State.late, .apart] {
            try copy(path(.early), to: path(state))
            let script = Self.script(state)
            try await perform(script, 1..<script.count, at: path(state))
            stored[state] = script.states.last
        }
        try await perform(script, 0..<script.count, at: path(.other))
        for state in [State.other, .future] { stored[state] = script.states.last }
        try copy(path(.late), to: path(.future))
        for suffix in Self.suffixes {
            let file = URL(fileURLWithPath: path(.future) + suffix)
            var bytes = try Data(contentsOf: file)
            // Far ahead: a format's next version may be one that exists, as the index's is.
            bytes[8] += 100
            try bytes.write(to: file)
        }
    }

    /// Subsets of one state's caches beside another's database.
    ///
    /// - Parameter subsets: as numbers whose bits choose the files; all by default.
    /// - Returns: how many.
    package mutating func run(
        _ caches: State, beside database: State, subsets: [Int] = Array(1..<16)
    ) async throws -> Int {
        let copy = folder + "/copy.vdb"
        for subset in subsets {
            let names = Self.suffixes.indices.filter { subset >> $0 & 1 == 1 }
                .map { Self.suffixes[$0] }
            do {
                try self.copy(path(database), to: copy)
                for suffix in names { try replace(path(caches) + suffix, copy + suffix) }
                try await verify(copy, stored[database] ?? [:])
            } catch {
                throw KillLoop.Failure(
                    description: "\(caches)'s \(names) beside \(database)'s database: \(error)")
            }
        }
        return subsets.count
    }

    private mutating func verify(_ path: String, _ before: StoredVersions) async throws {
        let database = try Database(
            path: path, options: FaultScript.options(SystemDisk.files, access: .readWrite))
        defer { try? database.close() }
        guard try await verifier.verify(database, random: &random) == before else {
            throw KillLoop.Failure(description: "other documents are found")
        }
        let more = FaultScript([
            .ingest((40..<70).map { SampleDocument(number: $0, version: 9) }), .delete([41]),
        ])
        var after = before
        for action in more.actions {
            try await more.perform(action, on: database)
            after = action.result(before: after)
            guard try await verifier.verify(database, random: &random) == after else {
                throw KillLoop.Failure(description: "what was written after it is not found")
            }
        }
    }

    private func perform(_ script: FaultScript, _ steps: Range<Int>, at path: String) async throws {
        let database = try Database(path: path, options: FaultScript.options(SystemDisk.files))
        for action in script.actions[steps] { try await script.perform(action, on: database) }
        try database.close()
    }

    /// A database with its caches.
    private func copy(_ path: String, to other: String) throws {
        for suffix in [""] + Self.suffixes { try replace(path + suffix, other + suffix) }
    }

    /// The second path is as the first is, also where that is not there.
    private func replace(_ path: String, _ other: String) throws {
        let manager = FileManager.default
        try? manager.removeItem(atPath: other)
        if manager.fileExists(atPath: path) { try manager.copyItem(atPath: path, toPath: other) }
    }
}

import Foundation
import TestSupport
import VectorDatabase

/// Power cuts: a script is run once on a recorded disk, and for each moment of it the states that the
/// disk may be left in are made and opened.
///
/// In each of them the database opens; what had returned before the cut is stored, whole; SQLite's
/// `integrity_check` and our own find nothing; queries by the index, whose files may be torn or
/// missing or of another moment, give what brute force gives; and the database can be written to.
package struct PowerLoss {
    package struct Summary: Sendable {
        /// Writes, syncs and changes of names in the script.
        package var operations = 0
        /// States of the disk that were opened.
        package var states = 0
    }

    let script: FaultScript
    let folder: String
    var random: RandomSource
    private var verifier = Verifier(program: nil, dimensions: FaultScript.dimensions)

    package init(_ script: FaultScript, folder: String, seed: UInt64) {
        self.script = script
        self.folder = folder
        random = RandomSource(seed: seed)
    }

    private var original: String { folder + "/original" }
    private var copy: String { folder + "/copy" }

    /// - Parameters:
    ///   - step: every so many moments.
    ///   - losses: tried at each moment; one of them by turns where `byTurns`.
    package mutating func run(
        step: Int = 1, losses: [DiskTrace.Loss] = DiskTrace.Loss.allCases, byTurns: Bool = false
    ) async throws -> Summary {
        let trace = try await record()
        var summary = Summary(operations: trace.events.count)
        var failures = Failures()
        for (turn, moment) in stride(from: 0, through: trace.events.count, by: step).enumerated() {
            for loss in byTurns ? [losses[turn % losses.count]] : losses {
                let remains = trace.remains(after: moment, losing: loss, random: &random)
                do {
                    try remains.write(from: original, to: copy)
                    try await verify(remains)
                } catch {
                    let last = moment > 0 ? "\(trace.events[moment - 1])".prefix(200) : "nothing"
                    try failures.append(
                        "power cut after operation \(moment) (\(last)), losing \(loss), "
                            + "\(remains.acknowledged) steps acknowledged: \(error)")
                }
                summary.states += 1
            }
        }
        try failures.end()
        return summary
    }

    /// Runs the script on a disk that is recorded.
    private func record() async throws -> DiskTrace {
        try FileManager.default.createDirectory(
            atPath: original, withIntermediateDirectories: true)
        let machine = FaultMachine(folder: original, records: true)
        defer { machine.stop() }
        let database = try Database(
            path: original + "/corpus.vdb", options: FaultScript.options(machine))
        machine.acknowledge(0)
        for (index, action) in script.actions.enumerated() {
            try await script.perform(action, on: database)
            machine.acknowledge(index + 1)
        }
        try database.close()
        return machine.trace ?? DiskTrace()
    }

    private mutating func verify(_ remains: DiskTrace.Remains) async throws {
        let path = copy + "/corpus.vdb"
        let options = FaultScript.options(SystemDisk.files)
        let done = remains.acknowledged
        let database = try Database(path: path, options: options)
        defer { try? database.close() }
        let found = try await verifier.verify(database, random: &random)
        let before = script.states[done]
        if done < script.count {
            if let contradiction = script.actions[done].contradiction(
                before: before, after: found, acknowledged: 0, isComplete: false)
            {
                throw KillLoop.Failure(description: contradiction)
            }
        } else if found != before {
            throw KillLoop.Failure(description: "something is lost")
        }
        let backup = path + "-backup"
        let isMade = script.actions[..<done].contains { $0.kind == "backup" }
        if isMade || FileManager.default.fileExists(atPath: backup) {
            var reading = options
            reading.access = .readOnly
            let copy = try Database(path: backup, options: reading)
            defer { try? copy.close() }
            _ = try await verifier.verify(copy, random: &random)
        }
        // Life goes on.
        let more = KillAction.ingest((900..<906).map { SampleDocument(number: $0, version: 9) })
        try await script.perform(more, on: database)
        guard try await verifier.verify(database, random: &random) == more.result(before: found)
        else { throw KillLoop.Failure(description: "what came after the power cut is lost") }
    }
}

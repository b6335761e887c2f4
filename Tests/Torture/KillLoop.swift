import Foundation
import TestSupport
import VectorDatabase

/// Runs `vdb` in child processes, kills them with SIGKILL at random moments, and after each looks at
/// what is there.
///
///     action ── child: vdb ingest | delete | reindex | compact | backup | … ── SIGKILL ──> verify ──> next
///                 └── acknowledgements through a pipe
///
/// After every run, killed or not:
/// 1. what was acknowledged is stored, and nothing is stored that the actions cannot have left
///    (`KillAction.contradiction`): documents commit in order, transactions whole or not at all;
/// 2. every document is read back as it was written, to the last bit of a ready-made vector, and the
///    others' vectors are what the recorded model makes of their texts;
/// 3. SQLite's `integrity_check` finds nothing, and `vdb check` ends with 0;
/// 4. queries by the index, by exact scan, by filter and by words give what brute force over the stored
///    documents gives;
/// 5. a backup, if its name is there, is whole.
///
/// All choices follow from the seed (`KillScript`). What the process has done when the signal arrives is
/// the machine's business, so a seed replays the same script, not the same instruction.
package struct KillLoop {
    package struct Options: Sendable {
        /// The program under test.
        package var program: String
        package var folder: String
        package var seed: UInt64
        package var kills: Int
        /// Of the ready-made vectors.
        package var dimensions = 8
        /// The built-in model, of which variants are made to encode again by.
        package var builtIn: (any Embedder)?
        /// Only databases of these kinds: vectors, graph, texts, tuned.
        package var epochs: [String] = []
        package var stepsPerEpoch = 40
        package var documents = 400
        package var texts = 60
        /// Folders of models to encode texts again by: variants of the built-in one, and tiny ones.
        package var models: [String] = []
        package var tinyModels: [String] = []
        /// Told of each run.
        package var report: @Sendable (String) -> Void = { _ in }

        package init(program: String, folder: String, seed: UInt64, kills: Int) {
            self.program = program
            self.folder = folder
            self.seed = seed
            self.kills = kills
        }
    }

    /// What came of it.
    package struct Summary: Sendable {
        package var kills = 0
        package var runs = 0
        /// Kills by what the process was doing.
        package var killsByKind: [String: Int] = [:]
        /// Acknowledged documents that were looked for after a kill.
        package var acknowledged = 0
        package var backups = 0
    }

    /// Something was lost or wrong.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let options: Options
    private var script: KillScript
    private var times: KillTimes
    private var stored: StoredVersions = [:]
    private var verifier: Verifier
    private var summary = Summary()

    private var database: String { options.folder + "/db/corpus.vdb" }
    private var backup: String { options.folder + "/db/backup.vdb" }

    package init(_ options: Options) throws {
        self.options = options
        var settings = KillScript.Settings()
        settings.epochs = KillScript.Epoch.allCases.filter {
            options.epochs.isEmpty || options.epochs.contains($0.rawValue)
        }
        if options.tinyModels.isEmpty { settings.epochs.removeAll { $0 == .tuned } }
        settings.stepsPerEpoch = options.stepsPerEpoch
        settings.documents = options.documents
        settings.texts = options.texts
        settings.models = options.models
        settings.tinyModels = options.tinyModels
        script = KillScript(settings, seed: options.seed)
        let start = try ChildProcess(program: options.program).run(["--version"], kill: .never)
        times = KillTimes(start: start.seconds)
        verifier = Verifier(program: options.program, dimensions: options.dimensions)
        verifier.builtIn = options.builtIn
    }

    /// - Throws: `Failure`, which names the run and what was done in it.
    package mutating func run() async throws -> Summary {
        while summary.kills < options.kills {
            let step = script.next()
            if step.isFirst { try startAfresh(step.epoch) }
            // A tuning that has come to its end is not taken up again.
            if case .tune(let output) = step.action, isOver(output) { continue }
            try await run(step)
        }
        return summary
    }

    private mutating func run(_ step: KillScript.Step) async throws {
        let kind = "\(step.epoch) \(step.action.kind)"
        let moment = times.moment(
            step.moment, kind: kind, documents: step.action.documents.count)
        let name = "seed \(options.seed), step \(step.number): \(step.action), \(moment)"
        var random = RandomSource(seed: options.seed ^ UInt64(step.number) << 32)
        do {
            let isTakenUp = isTuning(step.action)
            try prepare(step.action, &random)
            let outcome = try perform(step.action, moment)
            try await verify(step.action, outcome, &random)
            summary.runs += 1
            if outcome.status == nil {
                summary.kills += 1
                summary.killsByKind[step.action.kind, default: 0] += 1
                summary.acknowledged += outcome.acknowledged
            } else if !isTakenUp {
                times.record(kind, seconds: outcome.seconds, events: outcome.events)
            }
            options.report(
                """
                \(name), \(outcome.status.map { "ended with \($0)" } ?? "killed") after \
                \(String(format: "%.3f", outcome.seconds)) s and \(outcome.events) events, \
                \(outcome.acknowledged) acknowledged, \(stored.count) stored
                """)
        } catch let failure as Failure {
            throw Failure(description: "\(name): \(failure.description)")
        } catch {
            throw Failure(description: "\(name): \(error)")
        }
    }

    private mutating func startAfresh(_ epoch: KillScript.Epoch) throws {
        let files = FileManager.default
        for name in try files.contentsOfDirectory(atPath: options.folder)
        where name == "db" || name.hasPrefix("tuned-") {
            try files.removeItem(atPath: options.folder + "/" + name)
        }
        try files.createDirectory(
            atPath: options.folder + "/db", withIntermediateDirectories: true)
        stored = [:]
        verifier.startAfresh(isEncoded: epoch == .texts || epoch == .tuned)
    }

    // MARK: Runs

    private func arguments(of action: KillAction) throws -> [String] {
        switch action {
        case .ingest(let documents, let model):
            return try ingest(documents) + (model.map { ["--model", $0] } ?? [])
        case .synchronize(let documents): return try ingest(documents) + ["--sync"]
        case .delete(let numbers): return ["delete"] + numbers.map { "d\($0)" }
        case .deleteRange(let first, let end):
            return ["delete", "--where", "n >= \(first) AND n < \(end)"]
        case .reindex(let m): return ["reindex", "--m", "\(m)"]
        case .reencode(let model): return ["reindex", "--model", model]
        case .compact: return ["compact"]
        case .backup: return ["backup", backup]
        case .indexField(let drop): return ["index-field", "n"] + (drop ? ["--drop"] : [])
        case .repair: return ["check", "--repair"]
        case .tune(let output): return try tune(output)
        }
    }

    private func ingest(_ documents: [SampleDocument]) throws -> [String] {
        let input = options.folder + "/corpus.jsonl"
        try SampleDocument.write(documents, dimensions: verifier.givenDimensions, to: input)
        // Whole texts: a document in passages is not exported as one text.
        return ["ingest", input, "--acknowledge", "--batch-size", "32", "--chunk-tokens", "0"]
    }

    private func prepare(_ action: KillAction, _ random: inout RandomSource) throws {
        let folder = options.folder + "/db/"
        switch action {
        case .backup: try? FileManager.default.removeItem(atPath: backup)
        case .repair where random.chance(0.7):
            // Something to make again.
            for name in try FileManager.default.contentsOfDirectory(atPath: folder)
            where ["-index", "-vectors", "-lexical"].contains(where: name.hasSuffix) {
                try FileManager.default.removeItem(atPath: folder + name)
            }
        default: break
        }
    }

    private func perform(_ action: KillAction, _ moment: ChildProcess.Moment) throws
        -> ChildProcess.Outcome
    {
        let outcome = try ChildProcess(program: options.program).run(
            arguments(of: action) + ["--db", database, "--quiet"], kill: moment,
            watching: options.folder + "/db")
        // Deleting ids that are not there is told by 66, as is a collection that was not made before
        // the kill; a tuning of too few documents by 65.
        if let status = outcome.status,
            status != 0 && status != action.refusal
                && !(status == 66 && stored.isEmpty)
        {
            throw Failure(description: "ended with \(status): \(outcome.text)")
        }
        return outcome
    }

    // MARK: Verification

    private mutating func verify(
        _ action: KillAction, _ outcome: ChildProcess.Outcome, _ random: inout RandomSource
    ) async throws {
        guard FileManager.default.fileExists(atPath: database) else {
            guard stored.isEmpty && outcome.acknowledged == 0 else {
                throw Failure(description: "the database is gone")
            }
            return
        }
        let found = try await verifier.verify(database, random: &random)
        if let contradiction = action.contradiction(
            before: stored, after: found, acknowledged: outcome.acknowledged,
            isComplete: outcome.status != nil)
        {
            throw Failure(description: contradiction)
        }
        stored = found
        if case .backup = action {
            try await verifyBackup(isComplete: outcome.status == 0, &random)
        }
    }

    private mutating func verifyBackup(isComplete: Bool, _ random: inout RandomSource) async throws
    {
        guard FileManager.default.fileExists(atPath: backup) else {
            if isComplete { throw Failure(description: "the backup is not there") }
            return
        }
        let found = try await verifier.verify(backup, random: &random)
        guard found == stored else { throw Failure(description: "the backup is not the database") }
        summary.backups += 1
        // Sometimes it takes the database's place, with the database's newer caches beside it.
        guard random.chance(0.3) else { return }
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: database + suffix)
        }
        try FileManager.default.moveItem(atPath: backup, toPath: database)
    }
}

// MARK: - Tuning

extension KillLoop {
    private func isTuning(_ action: KillAction) -> Bool {
        guard case .tune(let output) = action else { return false }
        return FileManager.default.fileExists(atPath: journal(output))
    }

    private func journal(_ output: String) -> String {
        options.folder + "/\(output)/tune/journal.json"
    }

    /// Whether there is nothing left to take up.
    private func isOver(_ output: String) -> Bool {
        FileManager.default.fileExists(atPath: options.folder + "/\(output)/MODEL_CARD.md")
    }

    /// A tuning that takes a second: a few steps of a tiny model on questions about what is stored.
    private func tune(_ output: String) throws -> [String] {
        let folder = options.folder + "/" + output
        let (queries, judgments) = (folder + "-queries.tsv", folder + "-qrels.tsv")
        let isTakenUp = FileManager.default.fileExists(atPath: journal(output))
        if !isTakenUp {
            let samples = stored.sorted { $0.key < $1.key }.prefix(40).map {
                SampleDocument(number: $0.key, version: $0.value)
            }
            try samples.enumerated().map { "q\($0)\t\($1.text.prefix(40))\n" }.joined()
                .write(toFile: queries, atomically: true, encoding: .utf8)
            try samples.enumerated().map { "q\($0)\t\($1.id)\t1\n" }.joined()
                .write(toFile: judgments, atomically: true, encoding: .utf8)
        }
        return [
            "tune", "--queries", queries, "--qrels", judgments, "--out", folder, "--hold-out", "6",
            "--from-rank", "3", "--to-rank", "20", "--negatives", "2", "--max-steps", "2",
            "--batch-size", "4", "--save-steps", "1", "--stages", "contrast", "--force",
        ] + (isTakenUp ? ["--resume"] : [])
    }
}

extension KillAction {
    /// The exit status of a refusal that is right.
    fileprivate var refusal: Int32? {
        switch self {
        case .delete: 66
        case .tune: 65
        default: nil
        }
    }
}

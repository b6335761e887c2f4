import Foundation

/// Runs `vdb` in child processes, kills them with SIGKILL at random moments, and after each looks at
/// what is there.
///
///     action ── child: vdb ingest | delete | reindex | compact | backup | … ── SIGKILL ──> verify ──> next
///                 └── acknowledgements through a pipe
///
/// After every run, killed or not:
/// 1. what was acknowledged is stored, and nothing is stored that the actions cannot have left
///    (`KillAction.contradiction`): documents commit in order, transactions whole or not at all;
/// 2. every document is read back as it was written, to the last bit of its vector;
/// 3. SQLite's `integrity_check` finds nothing, and `vdb check` ends with 0;
/// 4. queries by the index, by exact scan and by words give what brute force over the stored documents
///    gives;
/// 5. a backup, if its name is there, is whole.
///
/// All choices follow from the seed. The moment of a kill is chosen by it, too; what the process has
/// done by then is the machine's business, so a seed replays the same script, not the same kill.
package struct KillLoop {
    package struct Options: Sendable {
        /// The program under test.
        package var program: String
        package var folder: String
        package var seed: UInt64
        package var kills: Int
        /// Of the ready-made vectors; 0 has `vdb` encode the texts by its own model.
        package var dimensions = 8
        /// Folders of models to re-encode by, where `vdb` encodes.
        package var models: [String] = []
        /// Documents in an ordinary ingest at most, and in a large one, which gives the index a graph.
        package var documents = 1000
        package var largeIngest = 12_000
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
    private var random: RandomSource
    private var stored: StoredVersions = [:]
    private var nextVersion = 1
    private var durations: [String: Double] = [:]
    private var verifier: Verifier
    private var summary = Summary()
    private var round = 0

    private var database: String { options.folder + "/corpus.vdb" }
    private var backup: String { options.folder + "/backup.vdb" }
    private var input: String { options.folder + "/corpus.jsonl" }

    package init(_ options: Options) {
        self.options = options
        random = RandomSource(seed: options.seed)
        verifier = Verifier(program: options.program, dimensions: options.dimensions)
    }

    /// - Throws: `Failure`, which names the round and what was done in it.
    package mutating func run() async throws -> Summary {
        while summary.kills < options.kills {
            // Large ones take long to look at.
            let isLarge = stored.count > options.largeIngest / 2
            if round % 40 == 0 || isLarge && random.chance(0.15) { startAfresh() }
            round += 1
            let action = nextAction()
            let moment = nextMoment(for: action)
            let name = "seed \(options.seed), run \(round): \(action), \(moment)"
            do {
                let outcome = try perform(action, moment)
                try await verify(action, outcome)
                options.report(
                    "\(name), \(outcome.acknowledged) acknowledged, \(stored.count) stored")
                durations[action.kind] = max(
                    outcome.seconds, 0.8 * (durations[action.kind] ?? 0))
                summary.runs += 1
                if outcome.status == nil {
                    summary.kills += 1
                    summary.killsByKind[action.kind, default: 0] += 1
                    summary.acknowledged += outcome.acknowledged
                }
            } catch let failure as Failure {
                throw Failure(description: "\(name): \(failure.description)")
            }
        }
        return summary
    }

    // MARK: Choices

    private mutating func nextAction() -> KillAction {
        guard !stored.isEmpty else { return .ingest(newDocuments(count: options.documents)) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<37: return .ingest(newDocuments(count: options.documents))
        case 37..<40: return .ingest(newDocuments(count: options.largeIngest))
        case 40..<46: return .synchronize(newDocuments(count: options.documents))
        case 46..<54:
            let numbers = stored.keys.sorted()
            let count = Int.random(in: 1...min(300, numbers.count), using: &random)
            return .delete((0..<count).map { _ in random.pick(numbers) })
        case 54..<62:
            let numbers = stored.keys.sorted()
            let first = random.pick(numbers)
            return .deleteRange(first, first + Int.random(in: 1...2500, using: &random))
        case 62..<70:
            guard !options.models.isEmpty, random.chance(0.7) else {
                return .reindex(m: random.pick([8, 12, 16, 24]))
            }
            return .reencode(model: random.pick(options.models))
        case 70..<78: return .compact
        case 78..<87: return .backup
        case 87..<92: return .indexField(drop: random.chance(0.4))
        case 92..<96: return .repair
        default: return .read
        }
    }

    /// New ones, new versions of stored ones, and some as they are.
    private mutating func newDocuments(count limit: Int) -> [SampleDocument] {
        let isLarge = limit == options.largeIngest
        let count = isLarge ? limit : Int.random(in: 1...limit, using: &random)
        let first = Int.random(in: 0...2 * options.largeIngest, using: &random)
        let version = nextVersion
        nextVersion += 1
        let isSparse = random.chance(0.3)
        return (first..<first + count).map { number in
            if isSparse, let version = stored[number], random.chance(0.7) {
                return SampleDocument(number: number, version: version)
            }
            return SampleDocument(number: number, version: version)
        }
    }

    private mutating func nextMoment(for action: KillAction) -> ChildProcess.Moment {
        if case .ingest(let documents) = action, random.chance(0.25) {
            return .acknowledged(Int.random(in: 1...documents.count, using: &random))
        }
        if random.chance(0.1) { return .never }
        let usual = durations[action.kind] ?? 0.3
        // Later moments are the more interesting: the start is the same for all.
        let share = Double.random(in: 0...1.05, using: &random)
        return .after(seconds: max(0.001, usual * share))
    }

    private mutating func startAfresh() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: options.folder)) ?? []
        where name.hasPrefix("corpus.vdb") || name.hasPrefix("backup.vdb") {
            try? FileManager.default.removeItem(atPath: options.folder + "/" + name)
        }
        stored = [:]
        verifier.forget()
    }

    // MARK: Runs

    private func arguments(of action: KillAction) throws -> [String] {
        switch action {
        case .ingest(let documents), .synchronize(let documents):
            try SampleDocument.write(documents, dimensions: options.dimensions, to: input)
            var arguments = ["ingest", input, "--acknowledge", "--batch-size", "256"]
            if case .synchronize = action { arguments.append("--sync") }
            return arguments
        case .delete(let numbers): return ["delete"] + numbers.map { "d\($0)" }
        case .deleteRange(let first, let end):
            return ["delete", "--where", "n >= \(first) AND n < \(end)"]
        case .reindex(let m): return ["reindex", "--m", "\(m)"]
        case .reencode(let model): return ["reindex", "--model", model]
        case .compact: return ["compact"]
        case .backup:
            try? FileManager.default.removeItem(atPath: backup)
            return ["backup", backup]
        case .indexField(let drop): return ["index-field", "n"] + (drop ? ["--drop"] : [])
        case .repair: return ["check", "--repair"]
        case .read: return ["stats"]
        }
    }

    private func perform(_ action: KillAction, _ moment: ChildProcess.Moment) throws
        -> ChildProcess.Outcome
    {
        let outcome = try ChildProcess(program: options.program).run(
            arguments(of: action) + ["--db", database, "--quiet"], kill: moment)
        // Deleting ids that are no longer there is told by 66.
        if let status = outcome.status, status != 0 && status != 66 {
            throw Failure(description: "ended with \(status): \(outcome.text)")
        }
        return outcome
    }

    // MARK: Verification

    private mutating func verify(_ action: KillAction, _ outcome: ChildProcess.Outcome) async throws
    {
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
        if case .backup = action { try await verifyBackup(isComplete: outcome.status == 0) }
    }

    private mutating func verifyBackup(isComplete: Bool) async throws {
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

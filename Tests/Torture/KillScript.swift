import TestSupport

/// What the kill loop does, and when it kills: all of it follows from the seed, whatever the machine
/// does meanwhile.
///
///     seed ──> epoch (a new database) ──> steps, dealt from a shuffled deck: action + planned moment
///
/// Moments are shares of what an action of that kind took when it was not killed, in time or in file
/// events, so that every part of every command is met on any machine.
struct KillScript {
    /// What a database of one epoch is like.
    enum Epoch: String, CaseIterable, Sendable {
        /// Ready-made vectors, a few hundred documents.
        case vectors
        /// Ready-made vectors, enough of them for the index to be a graph.
        case graph
        /// Texts, encoded by the built-in model.
        case texts
        /// Texts, encoded by a tiny model, which is tuned.
        case tuned
    }

    /// A share of the usual, before it is known how much that is.
    enum PlannedMoment: Sendable {
        case time(Double)
        case events(Double)
        case acknowledged(Double)
        case never
    }

    struct Step: Sendable {
        let number: Int
        let epoch: Epoch
        /// A new database.
        let isFirst: Bool
        let action: KillAction
        let moment: PlannedMoment
    }

    struct Settings: Sendable {
        /// In this order, again and again.
        var epochs: [Epoch] = [.vectors, .texts, .graph, .tuned]
        var stepsPerEpoch = 40
        /// Documents in an ordinary ingest at most.
        var documents = 400
        /// In one that gives the index a graph, which 10,000 passages do.
        var graphDocuments = 11_000
        /// Texts in an ingest that has to encode them, at most.
        var texts = 60
        /// Folders of models to encode again by: the first ones for `texts`, the others for `tuned`.
        var models: [String] = []
        var tinyModels: [String] = []
    }

    private let settings: Settings
    private var random: RandomSource
    private var number = 0
    private var deck: [Kind] = []
    private var queue: [KillAction] = []
    private var epoch = Epoch.vectors
    private var isIndexed = false
    /// What would be stored if nothing were killed.
    private var planned: StoredVersions = [:]

    private enum Kind {
        case ingest, synchronize, delete, deleteRange, indexField, reindex, reencode, compact
        case backup, repair, tune
    }

    init(_ settings: Settings, seed: UInt64) {
        self.settings = settings
        random = RandomSource(seed: seed)
    }

    mutating func next() -> Step {
        let isFirst = number % settings.stepsPerEpoch == 0
        if isFirst {
            epoch = settings.epochs[number / settings.stepsPerEpoch % settings.epochs.count]
            (deck, queue, planned, isIndexed) = ([], [], [:], false)
        }
        number += 1
        let action = isFirst ? firstAction() : nextAction()
        return Step(
            number: number, epoch: epoch, isFirst: isFirst, action: action,
            moment: moment(for: action))
    }

    // MARK: Actions

    private var range: Int { 3 * limit }
    private var limit: Int {
        switch epoch {
        case .vectors, .graph: settings.documents
        case .texts, .tuned: settings.texts
        }
    }

    private mutating func firstAction() -> KillAction {
        let count = epoch == .graph ? settings.graphDocuments : limit
        let documents = (0..<count).map { SampleDocument(number: $0, version: number) }
        remember(documents)
        return .ingest(documents, model: epoch == .tuned ? settings.tinyModels.first : nil)
    }

    private mutating func nextAction() -> KillAction {
        if !queue.isEmpty { return queue.removeFirst() }
        if deck.isEmpty {
            deck = cards.shuffled(using: &random)
        }
        let kind = deck.removeLast()
        switch kind {
        case .ingest:
            let documents = newDocuments(atLeast: limit / 2)
            remember(documents)
            return .ingest(documents)
        case .synchronize:
            let documents = newDocuments(atLeast: limit / 2)
            planned = [:]
            remember(documents)
            return .synchronize(documents)
        case .delete:
            let numbers = planned.keys.sorted()
            guard !numbers.isEmpty else { return .compact }
            let count = Int.random(in: 1...min(100, numbers.count), using: &random)
            let chosen = numbers.shuffled(using: &random).prefix(count)
            for number in chosen { planned[number] = nil }
            return .delete(Array(chosen))
        case .deleteRange:
            let first = Int.random(in: 0..<range, using: &random)
            let end = first + Int.random(in: 1...range / 6, using: &random)
            for number in first..<end { planned[number] = nil }
            return .deleteRange(first, end)
        case .indexField:
            isIndexed.toggle()
            return .indexField(drop: !isIndexed)
        case .reindex: return .reindex(m: random.pick([8, 12, 16, 24]))
        case .reencode:
            let models = epoch == .texts ? settings.models : settings.tinyModels
            return models.isEmpty ? .backup : .reencode(model: random.pick(models))
        case .compact: return .compact
        case .backup: return .backup
        case .repair: return .repair
        case .tune:
            // Documents enough; killed, taken up and killed again, until it comes to its end.
            queue = Array(repeating: .tune(output: "tuned-\(number)"), count: 5)
            let documents = newDocuments(atLeast: limit)
            remember(documents)
            return .ingest(documents)
        }
    }

    private var cards: [Kind] {
        let writing: [Kind] = [
            .ingest, .ingest, .ingest, .ingest, .synchronize, .delete, .delete, .deleteRange,
            .deleteRange,
            .indexField, .indexField, .compact, .compact, .backup, .backup, .backup, .repair,
        ]
        switch epoch {
        case .vectors: return writing + [.reindex]
        case .graph: return writing + [.reindex, .reindex, .reindex, .reindex]
        case .texts: return writing + [.reencode, .reencode, .reencode, .reencode, .reindex]
        case .tuned: return writing + [.reencode, .reencode, .reencode, .tune, .tune]
        }
    }

    /// New ones, new versions of earlier ones, and some as they were.
    private mutating func newDocuments(atLeast least: Int) -> [SampleDocument] {
        let count = Int.random(in: least...limit, using: &random)
        let first = Int.random(in: 0...range - count, using: &random)
        let keeps = random.chance(0.3)
        return (first..<first + count).map { number in
            if keeps, let version = planned[number], random.chance(0.7) {
                return SampleDocument(number: number, version: version)
            }
            return SampleDocument(number: number, version: self.number)
        }
    }

    private mutating func remember(_ documents: [SampleDocument]) {
        for document in documents { planned[document.number] = document.version }
    }

    // MARK: Moments

    private mutating func moment(for action: KillAction) -> PlannedMoment {
        let kind = Int.random(in: 0..<100, using: &random)
        // A little beyond the end, for those that take longer than the one that was measured.
        let share = Double.random(in: 0...1.03, using: &random)
        // What is not killed now and then tells how long it takes.
        if kind < 5 { return .never }
        if case .ingest = action, kind < 25 { return .acknowledged(share) }
        return kind % 2 == 0 ? .time(share) : .events(share)
    }
}

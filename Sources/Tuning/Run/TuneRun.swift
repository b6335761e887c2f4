import AutoRegEmbed
import Evaluation
import FileFormat
import Foundation
import Synchronization
import TextBytes
import Training
import VectorDatabase

/// A run of the recipe. Each step consults the journal first and does nothing if it is recorded
/// there.
struct TuneRun {
    let tuner: Tuner
    let folder: TuneFolder
    private let lock: FileLock
    let progress: @Sendable (TuneProgress) -> Void
    var journal: TuneJournal
    let began = ContinuousClock.now

    var options: TuneOptions { tuner.options }
    var stages: [TrainingStage] { options.stages.map(\.stage) }

    // MARK: Begin

    /// Resumes a run or begins one, which checks what can be checked, copies the collection and
    /// splits the queries.
    init(
        _ tuner: Tuner, resuming: Bool, progress: @escaping @Sendable (TuneProgress) -> Void
    ) async throws {
        try tuner.options.validate()
        self.tuner = tuner
        self.progress = progress
        let collection = tuner.collection
        let database = collection.database
        guard database.options.access != .readOnly else {
            throw DatabaseError.readOnly(path: database.path)
        }
        guard let recorded = try collection.recordedEmbedder else {
            throw TuneError.notTunable(
                collection: collection.name, .noModel)
        }
        folder = TuneFolder(output: tuner.options.output)
        lock = try folder.open(resuming: resuming)
        if resuming {
            journal = try TuneJournal(reading: folder.journal)
            try journal.check(
                options: tuner.options, inputs: tuner.inputsFingerprint,
                database: database.identity, collection: collection.name)
            return
        }
        do {
            journal = try await Self.begin(tuner, recorded, folder, progress)
        } catch {
            folder.remove()
            throw error
        }
    }

    private static func begin(
        _ tuner: Tuner, _ recorded: EmbedderIdentity, _ folder: TuneFolder,
        _ progress: @Sendable (TuneProgress) -> Void
    ) async throws -> TuneJournal {
        let collection = tuner.collection
        let base = try tuner.base(recorded, in: folder)
        // Before hours go into answers that cannot be used.
        if let teacher = tuner.options.teacher { _ = try tuner.openTeacher(teacher) }
        if let model = try tuner.model {
            try TuneSpace(collection: collection, configuration: model.configuration).check(folder)
        }
        folder.removeCopy()
        progress(.copying)
        try await collection.snapshot(to: folder.copy)
        let copy = try tuner.openCopy(folder, embedder: nil)
        defer { try? copy.database.close() }
        let split = try QuerySplit(
            queries: tuner.queries, judgments: tuner.judgments, options: tuner.options,
            collection: collection.name, existing: copy.existing)
        let journal = TuneJournal(
            options: tuner.options, inputs: tuner.inputsFingerprint,
            database: collection.database.identity, collection: collection.name, base: base,
            split: split, documents: try copy.count())
        try journal.save(folder.journal)
        return journal
    }

    // MARK: Measure

    /// nDCG@10 of the queries that are not trained on by a model: the copy of the database is encoded
    /// by it, and every vector compared.
    mutating func measure(_ point: TunePoint) async throws {
        if journal.measurement(point) != nil { return }
        let began = ContinuousClock.now
        let embedder = try model(at: point)
        let copy = try tuner.openCopy(folder, embedder: embedder)
        defer { try? copy.database.close() }
        if point == .before, options.timeLimit != nil {
            journal.encodingSeconds = try await encodingSeconds(of: copy, with: embedder)
        }
        if try copy.recordedEmbedder?.fingerprint != embedder.identity.fingerprint {
            try await copy.reindex(with: embedder) { [progress] in
                progress(.encoding(point, done: $0.done, total: $0.total))
            }
        }
        let measure = NDCG(10)
        func values(
            _ questions: [QuerySplit.Question], _ mode: QueryMode = .dense
        ) async throws -> [Double] {
            let run = try await RetrievalExperiment(
                questions.map { .init(id: Identifier($0.id), text: $0.text) },
                mode: mode, isExact: true, depth: 10, name: point.name
            ).run(in: copy)
            return Measurements(
                of: run, against: QuerySplit.judgments(of: questions), measures: [measure]
            ).values[0]
        }
        let heldOut = try await values(journal.split.heldOut)
        var validation: [Double]?
        if let questions = journal.split.validation { validation = try await values(questions) }
        let hybrid = try await values(
            journal.split.heldOut + (journal.split.validation ?? []), .hybrid)
        journal.measurements.append(
            TuneJournal.Measurement(
                point: point.name, values: heldOut,
                validation: validation, hybrid: hybrid,
                fingerprint: embedder.identity.fingerprint, seconds: Self.seconds(since: began)))
        try journal.save(folder.journal)
        progress(.measured(point, ndcg: TuneJournal.mean(heldOut)))
    }

    /// The model before training, or after a stage.
    func model(at point: TunePoint) throws -> AutoRegEmbedder {
        guard case .after(let stage) = point else {
            let embedder = try journal.base.load(
                baseFolder, pooling: journal.base.pooling, threads: options.threads)
            guard embedder.identity.fingerprint == journal.base.fingerprint else {
                throw TuneError.resumedDifferently(.model(path: baseFolder))
            }
            return embedder
        }
        return try journal.base.load(modelFolder(stage), pooling: nil, threads: options.threads)
    }

    /// The folder of a stage's model: its own folder until that is removed, then the output folder.
    private func modelFolder(_ stage: TrainingStage) -> String {
        let own = folder.model(stage)
        if FileManager.default.fileExists(atPath: own + "/config.json") { return own }
        let isKept = journal.kept.map { $0 == stage } ?? (stage == stages.last)
        return isKept ? folder.output : own
    }

    // MARK: Mine

    /// Mines hard negatives for the training queries with the collection's own index, and writes
    /// the stages' training data.
    mutating func mine() async throws {
        if journal.mined != nil || stages.isEmpty || options.responds { return }
        let began = ContinuousClock.now
        guard try tuner.collection.recordedEmbedder?.fingerprint == journal.base.fingerprint else {
            throw TuneError.resumedDifferently(.collectionModel)
        }
        var options = options.mining
        if journal.options.scalesRanks {
            options = options.scaled(
                to: try tuner.collection.statistics(includesBytes: false).passages)
        }
        options.seed = self.options.seed
        let rows = try await Miner(collection: tuner.collection, options: options).mine(
            trainingQueries, judgments: tuner.judgments
        ) { [progress] in progress(.mining(done: $0, total: $1)) }
        let data = TuneData(options: self.options)
        let written = try data.writeTriples(
            rows, judgments: tuner.judgments, to: folder.data(.align))
        guard written.rows > 0 else {
            throw TuneError.noNegatives(
                documents: journal.documents, fromRank: options.fromRank)
        }
        if stages.contains(.compress) {
            let copy = try tuner.openCopy(folder, embedder: nil)
            defer { try? copy.database.close() }
            _ = try await data.writeCompressRows(
                copy, triples: folder.data(.align), to: folder.data(.compress))
        }
        journal.mined = TuneJournal.Mined(
            rows: written.rows, negatives: written.negatives,
            queriesWithout: written.queriesWithout, copies: rows.reduce(0) { $0 + $1.copies },
            fromRank: options.fromRank, toRank: options.toRank,
            seconds: Self.seconds(since: began))
        try journal.save(folder.journal)
    }

    /// The queries to train on, in the order given.
    private var trainingQueries: [(id: String, text: String)] {
        var training = Set(journal.split.training.map { Identifier($0) })
        return tuner.queries.filter { training.remove(Identifier($0.id)) != nil }
    }

    // MARK: Answer

    /// Lets the collection's model answer the training queries, for the stage respond. Answers that
    /// were written before the run was stopped are kept.
    mutating func answer() async throws {
        guard options.responds, journal.answered == nil else { return }
        let began = ContinuousClock.now
        var generation = AnswerGenerator.Options()
        generation.maximumTokens = options.mostAnswerTokens
        let generator = try AnswerGenerator(try model(at: .before), options: generation)
        let queries = trainingQueries
        let file = try AnswersFile(
            folder.data(.respond), queries: queries.map { .init(id: $0.id, text: $0.text) },
            prompt: nil, resumes: true)
        try await Self.blocking { [progress, total = queries.count] isCancelled in
            let done = Mutex(file.keptCount)
            try file.complete(with: generator, isCancelled: isCancelled) { _ in
                let count = done.withLock { done in
                    done += 1
                    return done
                }
                progress(.answering(done: count, total: total))
            }
        }
        journal.answered = TuneJournal.Answered(
            rows: queries.count, seconds: Self.seconds(since: began))
        try journal.save(folder.journal)
    }

    private var baseFolder: String { journal.base.folder ?? folder.base }

    /// What the first stage starts from, and the base of its adapter if that does not name a folder.
    private var beginning: (model: String, base: String?) {
        let base = journal.base
        guard base.isConverted == true else { return (baseFolder, base.base) }
        return base.isAdapter == true ? (baseFolder, folder.base) : (folder.base, nil)
    }

    // MARK: Train

    /// Whether the time limit left a stage out.
    func isLeftOut(_ stage: TrainingStage) -> Bool { journal.leftOut?.contains(stage) == true }

    private mutating func leaveOut(_ stage: TrainingStage) throws {
        journal.leftOut = (journal.leftOut ?? []) + [stage]
        try journal.save(folder.journal)
        progress(.leftOut(stage))
    }

    /// Trains one stage, from the model before it to its own folder.
    mutating func train(_ settings: TuneOptions.Stage) async throws {
        let stage = settings.stage
        if journal.trained.contains(where: { $0.stage == stage }) || isLeftOut(stage) { return }
        let start = journal.start(of: stage)
        var training = TrainingOptions(
            stage: stage, model: start.map(folder.model) ?? beginning.model,
            data: folder.data(stage), output: folder.model(stage), threads: options.threads)
        let rows = try TrainingData(path: training.data, stage: stage, needsNegative: false).count
        training.use(options.recipe)
        if start == nil { training.base = beginning.base }
        training.batchSize = settings.batchSize
        training.maximumSteps = settings.steps(rows: rows)
        training.learningRate = journal.learningRate(settings)
        training.negatives = options.mining.negatives
        training.usesInBatchNegatives = settings.usesInBatchNegatives
        training.adapterRank = options.adapterRank
        training.teacher = options.teacher
        training.seed = options.seed
        training.saveSteps = options.saveSteps
        training.precision = journal.base.precision.flatMap(ComputePrecision.init(rawValue:))
        training.maximumLength = journal.base.maximumLength

        let log = folder.log(stage)
        let seconds = secondsLeft(for: stage)
        let steps = try await Self.blocking {
            [training, progress, open = tuner.openTeacher] isCancelled in
            try TimedTraining(
                options: training, openTeacher: open, log: log, seconds: seconds
            ).run(isCancelled: isCancelled, progress: { progress(.training(stage, $0)) })
        }
        guard let steps else { return try leaveOut(stage) }
        journal.trained.append(
            TuneJournal.Trained(
                stage: stage, rows: rows, steps: steps,
                batchSize: training.batchSize, learningRate: training.learningRate))
        try journal.save(folder.journal)
    }

    /// Runs long synchronous work on a thread that may block; `body` can ask whether the waiting
    /// task has been cancelled.
    private static func blocking<Result: Sendable>(
        _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Result
    ) async throws -> Result {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        with: Swift.Result { try body { flag.isSet } })
                }
            }
        } onCancel: {
            flag.set()
        }
    }

    // MARK: Replace

    /// Copies the best stage's model to the output folder, with the same settings, so that its
    /// vectors and fingerprint stay the same.
    mutating func keepBest() throws {
        guard let (stage, _) = journal.best, journal.kept != stage else { return }
        let source = modelFolder(stage)
        if !source.hasSameBytes(as: folder.output) {
            try ModelCopy.write(from: source, to: folder.output)
        }
        journal.kept = stage
        try journal.save(folder.journal)
    }

    /// Replaces the collection's model by the best stage's if that is better: all new vectors are
    /// first stored in addition to the old ones, then one transaction swaps vectors and model. If
    /// the process is killed at any point, the database has one of the two models with its own
    /// vectors.
    mutating func replaceModel() async throws {
        guard let before = journal.measurement(.before), let best = journal.best else { return }
        if journal.replacement?.isDone == true { return }
        let began = ContinuousClock.now
        let isBetter = best.measurement.isBetter(than: before)
        if isBetter || options.replacesWorse {
            progress(.replacing)
            try await replace(.after(best.stage), by: best.measurement.fingerprint)
        }
        journal.replacement = TuneJournal.Replacement(
            isDone: isBetter || options.replacesWorse, seconds: Self.seconds(since: began))
        try journal.save(folder.journal)
    }

    private func replace(_ point: TunePoint, by fingerprint: String) async throws {
        let collection = tuner.collection
        let recorded = try collection.recordedEmbedder
        if recorded?.fingerprint == fingerprint {
            // An earlier attempt was killed after the transaction; the index may still be missing.
            let index = try collection.statistics(includesBytes: false).index
            if index.state == .absent { try await collection.reindex(options: index.options) }
            return
        }
        guard recorded?.fingerprint == journal.base.fingerprint else {
            throw TuneError.modelReplacedMeanwhile(
                collection: collection.name, by: recorded?.name ?? "ready-made vectors",
                tuned: options.output)
        }
        let embedder = try journal.base.load(
            folder.output, pooling: nil, threads: options.threads)
        guard embedder.identity.fingerprint == fingerprint else {
            throw TuneError.resumedDifferently(.model(path: options.output))
        }
        // The name of the model's folder must survive a power cut before the database relies on it.
        try AtomicFile.synchronizeFolder(of: options.output)
        let hasCopy = FileManager.default.fileExists(atPath: folder.copy)
        let copy = hasCopy ? try tuner.openCopy(folder, embedder: embedder) : nil
        defer { try? copy?.database.close() }
        try await collection.reindex(with: embedder, replacing: recorded, reusing: copy) {
            [progress] in progress(.encoding(point, done: $0.done, total: $0.total))
        }
    }

    // MARK: Finish

    /// Writes the report, and removes files that only an unfinished run needs.
    func finish() throws -> TuneReport {
        let report = try TuneReport(
            journal, folder: folder, database: tuner.collection.database.path)
        try TuneFolder.write(report.json + "\n", to: folder.report)
        // A model whose weights were all trained has its base as its decoder.
        folder.removeIntermediates(
            stages, base: journal.base.isConverted == true && options.adapterRank != nil)
        lock.release()
        return report
    }

    static func seconds(since began: ContinuousClock.Instant) -> Double {
        (ContinuousClock.now - began) / .seconds(1)
    }
}

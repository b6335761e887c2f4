import Evaluation
import Foundation
import Tensors
import VectorDatabase

/// nDCG@10 on a judged collection with the model as it stands in the middle of a run.
///
/// Documents and queries are tokenised once. Each measurement encodes them with the present weights,
/// without a record and without dropout, and compares every query with every document: nothing that
/// training depends on is touched, so that a run has the same losses and weights with and without it.
/// Only the ten best documents of a query are kept, and no vectors.
struct RetrievalEvaluation {
    /// As `vdb eval` calls it: the folder's name.
    let dataset: String
    /// Nil: only before the first step and after the last.
    let every: Int?
    private let judgments: Judgments
    private let model: ConditionalModel
    private let backend: any Backend
    private let precision: ProductPrecision
    private let tokensAtOnce: Int
    private let queries: [Query]
    private let documents: [(id: Identifier, input: [Int32])]

    private struct Query {
        let id: Identifier
        let input: [Int32]
        /// The document that is this very query, which no ranking may contain.
        var itself: Int?
    }

    private static let cutoff = 10

    /// Reads and tokenises the collection in `folder` (BEIR's layout or MS MARCO's).
    ///
    /// - Throws: `EvaluationError` and `SourceError`, with file and line.
    init(
        folder: String, options: TrainingOptions, model: TrainableModel, backend: any Backend,
        precision: ProductPrecision, progress: (TrainingProgress) throws -> Void
    ) throws {
        let collection = try TestCollection(folder: URL(filePath: folder))
        let name = collection.name
        dataset = name
        every = options.evaluationSteps
        judgments = collection.judgments
        self.model = model.conditional
        self.backend = backend
        self.precision = precision
        tokensAtOnce = options.microBatchTokens

        // As the saved model will read texts: `--max-length` is training's.
        let inputs = try model.inputs(options, maximumLength: model.settings.values.maximumLength)
        var queries = collection.queries.map {
            Query(
                id: $0.id, input: inputs.input($0.text, instruction: inputs.instructions.next))
        }
        let places = Dictionary(
            collection.queries.enumerated().map { ($1.id, $0) },
            uniquingKeysWith: { first, _ in first })
        var documents: [(id: Identifier, input: [Int32])] = []
        var source = SourceOptions()
        source.format = collection.layout == .beir ? .jsonLines : .tsv
        let reader = try DocumentReader(
            [collection.corpus.path(percentEncoded: false)], options: source)
        try reader.forEachDocument { document in
            let id = Identifier(document.id)
            if let place = places[id], Self.is(document, collection.queries[place].text) {
                queries[place].itself = documents.count
            }
            documents.append(
                (id, inputs.input(document.embeddedText, instruction: inputs.instructions.own)))
            if documents.count % 1000 == 0 {
                try progress(
                    .preparing(what: "reading \(name)", done: documents.count, total: nil))
            }
        }
        self.queries = queries
        self.documents = documents
    }

    /// Ids of queries and of documents that have nothing to do with each other may be the same
    /// numbers: only where the text is the query's as well is it the query itself.
    private static func `is`(_ document: Document, _ query: String) -> Bool {
        let trimmed = { (text: String) in text.trimmingCharacters(in: .whitespacesAndNewlines) }
        return [document.text, document.embeddedText].contains { trimmed($0) == trimmed(query) }
    }

    /// Whether the model is measured once `step` steps are taken.
    func isDue(after step: Int, of total: Int) -> Bool {
        step == total || every.map { step % $0 == 0 } ?? (step == 0)
    }

    /// The mean over all judged queries.
    func measure(_ progress: (TrainingProgress) throws -> Void) throws -> Double {
        var best = queries.map { _ in [Run.Hit]() }
        var asked: [Float] = []
        try encode(queries.map(\.input)) { asked += $0 }
        var first = 0
        try encode(documents.map(\.input)) { vectors in
            let tape = Tape(backend: backend, precision: .float32, isRecording: false)
            let scores = tape.values(
                tape.innerProducts(
                    tape.constant(asked, shape: [queries.count, width]),
                    tape.constant(vectors, shape: [vectors.count / width, width])))
            let count = vectors.count / width
            for query in queries.indices {
                for document in 0..<count where first + document != queries[query].itself {
                    Self.keep(
                        Run.Hit(
                            document: documents[first + document].id,
                            score: scores[query * count + document]), in: &best[query])
                }
            }
            first += count
            try progress(
                .evaluating(dataset: dataset, done: first, total: documents.count))
        }
        var run = Run()
        for (query, hits) in zip(queries, best) { run[query.id] = hits }
        return Measurements(of: run, against: judgments, measures: [NDCG(Self.cutoff)]).means[0]
    }

    private var width: Int { model.encoder.configuration.hiddenSize }

    /// Puts a hit in its place among the best, as trec_eval orders them.
    private static func keep(_ hit: Run.Hit, in best: inout [Run.Hit]) {
        func precedes(_ other: Run.Hit) -> Bool {
            hit.score == other.score ? hit.document > other.document : hit.score > other.score
        }
        guard best.count < cutoff || best.last.map(precedes) ?? true else { return }
        best.insert(hit, at: best.firstIndex(where: precedes) ?? best.count)
        if best.count > cutoff { best.removeLast() }
    }

    /// v of every input, handed on in parts as they are made.
    private func encode(_ inputs: [[Int32]], _ each: ([Float]) throws -> Void) throws {
        var start = 0
        while start < inputs.count {
            var end = start + 1
            var tokens = inputs[start].count
            while end < inputs.count, tokens + inputs[end].count <= tokensAtOnce {
                tokens += inputs[end].count
                end += 1
            }
            let tape = Tape(backend: backend, precision: precision, isRecording: false)
            try each(
                tape.values(model.vectors(tape, Array(inputs[start..<end]), dropoutSeed: nil)))
            start = end
        }
    }
}

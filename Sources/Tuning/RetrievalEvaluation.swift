import Evaluation
import Foundation
import Training
import VectorDatabase

/// Measures nDCG@10 on a judged collection with a model in training.
///
/// ```swift
/// let summary = try Trainer.run(
///     options, evaluation: RetrievalEvaluation.onFolder("scifact"), progress: { print($0) })
/// ```
///
/// Documents and queries are tokenized once. Each measurement compares every query with every
/// document; only the ten best documents of a query are kept, and no vectors.
public struct RetrievalEvaluation: ModelEvaluation {
    /// The collection's name, which is its folder's, as in `vdb eval`.
    public let dataset: String
    private let judgments: Judgments
    private let queries: [Query]
    private let documents: [(id: Identifier, input: ModelInTraining.Input)]

    private struct Query {
        let id: Identifier
        let input: ModelInTraining.Input
        /// The index of the document that is the query itself, which is left out of its ranking.
        var itself: Int?
    }

    private static let cutoff = 10

    /// Makes an evaluation on the collection in `folder`, in BEIR's or MS MARCO's layout.
    ///
    /// The returned closure throws `EvaluationError` and `SourceError`, with file and line.
    public static func onFolder(_ folder: String) -> ModelEvaluationMaker {
        { model, progress in
            try RetrievalEvaluation(folder: folder, model: model, progress: progress)
        }
    }

    private init(
        folder: String, model: ModelInTraining, progress: (TrainingProgress) throws -> Void
    ) throws {
        let collection = try TestCollection(folder: URL(filePath: folder))
        let name = collection.name
        dataset = name
        judgments = collection.judgments
        var queries = collection.queries.map { Query(id: $0.id, input: model.query($0.text)) }
        let places = Dictionary(
            collection.queries.enumerated().map { ($1.id, $0) },
            uniquingKeysWith: { first, _ in first })
        var documents: [(id: Identifier, input: ModelInTraining.Input)] = []
        var source = SourceOptions()
        source.format = collection.layout == .beir ? .jsonLines : .tsv
        let reader = try DocumentReader(
            [collection.corpus.path(percentEncoded: false)], options: source)
        try reader.forEachDocument { document in
            let id = Identifier(document.id)
            if let place = places[id], Self.is(document, collection.queries[place].text) {
                queries[place].itself = documents.count
            }
            documents.append((id, model.document(document.embeddedText)))
            if documents.count % 1000 == 0 {
                try progress(.preparing(.reading(name), done: documents.count, total: nil))
            }
        }
        self.queries = queries
        self.documents = documents
    }

    /// Whether a document with a query's id is the query itself: ids of unrelated queries and
    /// documents may be equal, so the text must be equal as well.
    private static func `is`(_ document: Document, _ query: String) -> Bool {
        let trimmed = { (text: String) in
            Array(text.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
        }
        return [document.text, document.embeddedText].contains { trimmed($0) == trimmed(query) }
    }

    /// The mean nDCG@10 over all judged queries.
    public func ndcgAt10(
        of model: ModelInTraining, progress: (_ done: Int, _ total: Int) throws -> Void
    ) throws -> Double {
        var best = queries.map { _ in [Run.Hit]() }
        var asked: [Float] = []
        model.encode(queries.map(\.input)) { asked += $0 }
        var first = 0
        try model.encode(documents.map(\.input)) { vectors in
            let scores = model.innerProducts(asked, vectors)
            let count = vectors.count / model.dimensions
            for query in queries.indices {
                for document in 0..<count where first + document != queries[query].itself {
                    Self.keep(
                        Run.Hit(
                            document: documents[first + document].id,
                            score: scores[query * count + document]), in: &best[query])
                }
            }
            first += count
            try progress(first, documents.count)
        }
        var run = Run()
        for (query, hits) in zip(queries, best) { run[query.id] = hits }
        return Measurements(of: run, against: judgments, measures: [NDCG(Self.cutoff)]).means[0]
    }

    /// Inserts a hit into the ten best, ordered as by trec_eval: by score, ties by descending id.
    private static func keep(_ hit: Run.Hit, in best: inout [Run.Hit]) {
        func precedes(_ other: Run.Hit) -> Bool {
            hit.score == other.score ? hit.document > other.document : hit.score > other.score
        }
        guard best.count < cutoff || best.last.map(precedes) ?? true else { return }
        best.insert(hit, at: best.firstIndex(where: precedes) ?? best.count)
        if best.count > cutoff { best.removeLast() }
    }
}

import Training

/// Events that tuning reports to its caller.
public enum TuneProgress: Sendable {
    /// The database is being copied for the evaluation.
    case copying
    /// Searches by words so far, one for each pair of BM25's parameters.
    case fittingSearch(done: Int, total: Int)
    /// How the collection is searched was fitted.
    case fittedSearch(TuneReport.Search)
    /// Queries mined so far, of all training queries with a positive.
    case mining(done: Int, total: Int)
    /// Training queries that the model has answered so far, for the stage respond.
    case answering(done: Int, total: Int)
    /// The time limit leaves a stage out.
    case leftOut(TrainingStage)
    /// An event of the stage in training.
    case training(TrainingStage, TrainingProgress)
    /// Passages encoded so far by a model, for an evaluation or for the new vectors of the
    /// database.
    case encoding(TunePoint, done: Int, total: Int)
    /// A model was evaluated; `ndcg` is the mean nDCG@10 of the held-out queries.
    case measured(TunePoint, ndcg: Double)
    /// The replacement of the collection's model begins.
    case replacing
}

/// A model of a run: the one that the collection had, or a stage's.
public enum TunePoint: Sendable, Equatable, Hashable {
    /// The model that the collection had.
    case before
    /// The model after a stage.
    case after(TrainingStage)

    /// "before", or the stage's name.
    public var name: String {
        switch self {
        case .before: "before"
        case .after(let stage): stage.rawValue
        }
    }
}

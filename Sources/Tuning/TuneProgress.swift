import Training

/// What tuning tells its caller as it goes.
public enum TuneProgress: Sendable {
    /// A copy of the database is being made, to measure on.
    case copying
    case mining(done: Int, total: Int)
    case training(TrainingStage, TrainingProgress)
    /// Passages encoded by a model, to be measured or to take their place in the database.
    case encoding(TunePoint, done: Int, total: Int)
    case measured(TunePoint, ndcg: Double)
    /// From here on the new model takes the old one's place.
    case replacing
}

/// A model on the way: the one that the collection had, or what a stage made.
public enum TunePoint: Sendable, Equatable, Hashable {
    case before
    case after(TrainingStage)

    /// `before`, or the stage's name.
    public var name: String {
        switch self {
        case .before: "before"
        case .after(let stage): stage.rawValue
        }
    }
}

import Evaluation

extension EvaluationError: WordedError {
    var status: ExitStatus {
        switch self {
        case .missing, .noSuchSplit: .missing
        case .unreadable: .inputOutput
        default: .badData
        }
    }

    var remedy: String? {
        switch self {
        case .missing: "check the path"
        case .noSuchSplit(_, _, let found) where !found.isEmpty: "choose one with --split"
        case .noJudgments: "there is nothing to evaluate"
        case .malformed(_, _, .duplicateDocument): "a run must rank each document only once"
        default: nil
        }
    }
}

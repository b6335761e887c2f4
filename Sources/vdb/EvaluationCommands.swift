import ArgumentParser

extension VDB {
    /// Commands that measure models and runs.
    static let evaluationCommands: [any ParsableCommand.Type] = [Eval.self]
}

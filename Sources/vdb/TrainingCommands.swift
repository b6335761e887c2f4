import ArgumentParser

extension VDB {
    /// Commands that make models from judgments.
    static let trainingCommands: [any ParsableCommand.Type] = [
        TrainCommand.self, MineCommand.self, TuneCommand.self,
    ]
}

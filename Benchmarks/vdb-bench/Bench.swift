import ArgumentParser

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vdb-bench", abstract: "Measurements of vdb.",
        subcommands: [
            ANNCommand.self, ChurnCommand.self, FilterCommand.self, VectorsCommand.self,
            LexicalCommand.self, EncodeCommand.self, TrainCommand.self,
        ])
}

import ArgumentParser

/// `vdb eval`: how well a run, a model or a mode of search does on judged data.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure retrieval and similarity as the papers do.",
        discussion: """
            Measures are trec_eval's, averaged over all judged queries.

            Example: vdb eval run my.run qrels/test.tsv
            """,
        subcommands: [
            EvalRetrievalCommand.self, EvalSTSCommand.self, EvalRunCommand.self,
            EvalCompareCommand.self,
        ])
}

/// How an evaluation is printed.
enum EvalFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, markdown
}

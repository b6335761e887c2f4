import ArgumentParser

/// `vdb eval`: evaluates runs, models and search modes on judged data.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Evaluate retrieval and similarity on judged data.",
        discussion: """
            Measures are those of trec_eval, averaged over all judged queries.

            Example: vdb eval run my.run qrels/test.tsv
            """,
        subcommands: [
            EvalRetrievalCommand.self, EvalSTSCommand.self, EvalRunCommand.self,
            EvalCompareCommand.self,
        ])
}

/// The output formats of evaluations.
enum EvalFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, markdown
}

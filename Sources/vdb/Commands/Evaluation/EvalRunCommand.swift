import ArgumentParser
import Evaluation
import Foundation

/// `vdb eval run`: evaluates a TREC run file.
struct EvalRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Evaluate a TREC run file against judgments.",
        discussion: """
            Judgments are in TREC form (query iteration document grade) or BEIR form (query,
            document and grade separated by tabs). Queries that the run does not answer count as 0.

            Example: vdb eval run my.run qrels/test.tsv --per-query
            """)

    @Argument(
        help: .init("A TREC run, with lines: query Q0 document rank score name.", valueName: "run"),
        completion: .file())
    var runFile: String

    @Argument(help: "The judgments, in TREC or BEIR form.", completion: .file())
    var qrels: String

    @Flag(help: "Print the measures of every query as well.")
    var perQuery = false

    @Option(help: "The output format: table, json or markdown.")
    var format: EvalFormat = .table

    func run() throws {
        let judgments = try Judgments(contentsOf: URL(filePath: qrels))
        let run = try Run(contentsOf: URL(filePath: runFile))
        let measurements = Measurements(of: run, against: judgments)
        EvalReport.warn(of: measurements, run: runFile, judgments: qrels)
        let report = EvalReport(
            labels: [("run", run.name)], measurements: measurements, perQuery: perQuery)
        Output.line(try report.text(format))
    }
}

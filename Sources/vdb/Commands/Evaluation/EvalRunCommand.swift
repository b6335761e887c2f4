import ArgumentParser
import Evaluation
import Foundation

/// `vdb eval run`: the measures of a TREC run file.
struct EvalRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure a TREC run file against judgments.",
        discussion: """
            Judgments are read in TREC form (query iteration document grade) or BEIR form (query,
            document, grade between tabs). Queries that the run does not answer count as 0.

            Example: vdb eval run my.run qrels/test.tsv --per-query
            """)

    @Argument(
        help: .init("A TREC run: query Q0 document rank score name.", valueName: "run"),
        completion: .file())
    var runFile: String

    @Argument(help: "The judgments.", completion: .file())
    var qrels: String

    @Flag(help: "Every query's measures as well.")
    var perQuery = false

    @Option(help: "table, json or markdown.")
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

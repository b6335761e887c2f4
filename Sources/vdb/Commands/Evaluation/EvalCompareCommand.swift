import ArgumentParser
import Evaluation
import Foundation
import JSON

/// `vdb eval compare`: tests whether two runs differ significantly.
struct EvalCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare two TREC runs, query by query, with significance tests.",
        discussion: """
            For each measure: both means, their difference, the numbers of queries on which the
            second run is better, equal and worse, and the two-sided p-values of the paired t-test
            and the paired randomization test (all sign assignments for up to 16 differing queries,
            else 100,000 drawn with --seed).

            Example: vdb eval compare before.run after.run qrels/test.tsv
            """)

    @Argument(help: "The first TREC run.", completion: .file())
    var first: String

    @Argument(help: "The second TREC run.", completion: .file())
    var second: String

    @Argument(help: "The judgments, in TREC or BEIR form.", completion: .file())
    var qrels: String

    @Option(help: "Seed of the randomization test.")
    var seed: UInt64 = 0

    @Option(help: "The output format: table, json or markdown.")
    var format: EvalFormat = .table

    func run() throws {
        let judgments = try Judgments(contentsOf: URL(filePath: qrels))
        let before = Measurements(
            of: try Run(contentsOf: URL(filePath: first)), against: judgments)
        let after = Measurements(
            of: try Run(contentsOf: URL(filePath: second)), against: judgments)
        EvalReport.warn(of: before, run: first, judgments: qrels)
        EvalReport.warn(of: after, run: second, judgments: qrels)
        let rows = before.measures.indices.map { place in
            Row(
                measure: before.measures[place], first: before.means[place],
                second: after.means[place],
                test: PairedTest(
                    first: before.values[place], second: after.values[place], seed: seed))
        }
        switch format {
        case .json: Output.line(try json(rows))
        case .table: Output.line(table(rows))
        case .markdown: Output.line(markdown(rows))
        }
    }

    private struct Row {
        let measure: any Measure
        let first: Double
        let second: Double
        let test: PairedTest

        var cells: [String] {
            [
                Figures.fixed(first, 4), Figures.fixed(second, 4),
                Figures.signed(test.meanDifference, 4),
                "\(test.better)/\(test.equal)/\(test.worse)", Figures.fixed(test.tTestP, 4),
                Figures.fixed(test.randomizationP, 4),
            ]
        }
    }

    private static let heads = [
        "first", "second", "difference", "better/equal/worse", "p (t-test)", "p (randomization)",
    ]

    private func table(_ rows: [Row]) -> String {
        let line = { (name: String, cells: [String]) in
            zip(cells, Self.heads).reduce(Columns.left(name, 11)) { text, cell in
                text + Columns.right(cell.0, max(9, cell.1.count + 2))
            }
        }
        return ([line("", Self.heads)] + rows.map { line($0.measure.name, $0.cells) })
            .joined(separator: "\n")
    }

    private func markdown(_ rows: [Row]) -> String {
        let lines = rows.map { "| \(([$0.measure.name] + $0.cells).joined(separator: " | ")) |" }
        let head = "| measure | \(Self.heads.joined(separator: " | ")) |"
        return ([head, "| --- |" + String(repeating: " ---: |", count: Self.heads.count)] + lines)
            .joined(separator: "\n")
    }

    private func json(_ rows: [Row]) throws -> String {
        JSONValue.object([
            "queries": .init(rows.first?.test.queries ?? 0), "seed": .string(String(seed)),
            "measures": .array(
                rows.map { row in
                    .object([
                        "measure": .string(row.measure.key), "first": .number(row.first),
                        "second": .number(row.second),
                        "difference": .number(row.test.meanDifference),
                        "better": .init(row.test.better), "equal": .init(row.test.equal),
                        "worse": .init(row.test.worse), "t": .number(row.test.t),
                        "p_t_test": .number(row.test.tTestP),
                        "p_randomisation": .number(row.test.randomizationP),
                    ])
                }),
        ]).jsonText
    }
}

import Evaluation
import Foundation

/// TREC runs and qrels.
enum EvaluationTarget {
    /// A run that is taken can be measured, and reads the same after it has been written.
    static func run(_ input: [UInt8]) throws {
        let file = try InputFile(input)
        guard let run = try? Run(contentsOf: URL(fileURLWithPath: file.path)) else { return }
        let queries = run.hits.keys.sorted()
        var text = ""
        for query in queries { text += run.lines(of: query) }
        let judgments = Judgments(
            Dictionary(uniqueKeysWithValues: queries.map { ($0, [run.ranking(of: $0)[0]: 1]) }))
        _ = Measurements(of: run, against: judgments)
        let copy = try InputFile(Array(text.utf8))
        let again = try Run(contentsOf: URL(fileURLWithPath: copy.path))
        for query in queries {
            try FuzzFailure.require(
                again.ranking(of: query) == run.ranking(of: query),
                "'\(query)' is ranked otherwise when written and read again")
        }
    }

    static func judgments(_ input: [UInt8]) throws {
        let file = try InputFile(input)
        guard let judgments = try? Judgments(contentsOf: URL(fileURLWithPath: file.path))
        else { return }
        try FuzzFailure.require(!judgments.queries.isEmpty, "judgments without a query")
        let run = Run(
            hits: Dictionary(
                uniqueKeysWithValues: judgments.queries.map { query in
                    (
                        query,
                        judgments[query].keys.enumerated().map {
                            Run.Hit(document: $1, score: Float($0))
                        }
                    )
                }))
        for value in Measurements(of: run, against: judgments).means {
            try FuzzFailure.require(value.isFinite, "a measure is \(value)")
        }
    }
}

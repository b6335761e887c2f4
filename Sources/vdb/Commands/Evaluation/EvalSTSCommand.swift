import ArgumentParser
import AutoRegEmbed
import Evaluation
import Foundation
import JSON

/// `vdb eval sts`: correlates the cosine of sentences' vectors with human scores.
struct EvalSTSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sts",
        abstract: "Evaluate semantic textual similarity: Spearman's correlation x 100.",
        discussion: """
            A file has tab-separated lines with the header sentence1, sentence2, score. Both \
            sentences are encoded with the model's STS instruction.

            Example: vdb eval sts STSB-dev.tsv SICKR-dev.tsv --model models/mine
            """)

    @Argument(help: "Files of sentence pairs.", completion: .file())
    var files: [String]

    @OptionGroup var model: EvalModelArguments
    @OptionGroup var general: GeneralArguments

    @Option(help: "The output format: table, json or markdown.")
    var format: EvalFormat = .table

    func run() throws {
        let sets = try files.map { try SentencePairs(contentsOf: URL(filePath: $0)) }
        let embedder = try model.load(threads: general.threads)
        let rows = try zip(files, sets).map { file, set in
            Row(
                file: file, name: set.name, pairs: set.pairs.count,
                correlation: try correlation(of: set, file: file, embedder))
        }
        let mean = rows.reduce(0) { $0 + $1.correlation } / Double(rows.count)
        Output.line(try text(rows, mean: mean, model: embedder.identity.name))
    }

    private struct Row {
        let file: String
        let name: String
        let pairs: Int
        let correlation: Double
    }

    private func correlation(
        of set: SentencePairs, file: String, _ embedder: any ModelEmbedder
    ) throws -> Double {
        let texts = set.pairs.map(\.first) + set.pairs.map(\.second)
        let vectors = try embedder.encode(
            texts, instruction: .self_, task: .sts, isCancelled: { false }
        ).map(\.vector)
        let cosines = set.pairs.indices.map {
            Self.cosine(vectors[$0], vectors[$0 + set.pairs.count])
        }
        guard let value = Spearman.correlation(cosines, set.pairs.map(\.score)) else {
            throw CommandFailure(
                .badData,
                "\(file): a correlation needs at least two pairs with different scores and cosines")
        }
        return 100 * value
    }

    private static func cosine(_ one: [Float], _ other: [Float]) -> Double {
        var (dot, first, second) = (0.0, 0.0, 0.0)
        for (a, b) in zip(one, other) {
            dot += Double(a) * Double(b)
            first += Double(a) * Double(a)
            second += Double(b) * Double(b)
        }
        let length = (first * second).squareRoot()
        return length > 0 ? dot / length : 0
    }

    private func text(_ rows: [Row], mean: Double, model: String) throws -> String {
        let cells = rows.map { ($0.name, $0.pairs, Figures.fixed($0.correlation, 2)) }
        switch format {
        case .json:
            return JSONValue.object([
                "model": .string(model), "mean": .number(mean),
                "files": .array(
                    rows.map {
                        .object([
                            "file": .string($0.file), "dataset": .string($0.name),
                            "pairs": .init($0.pairs), "spearman": .number($0.correlation),
                        ])
                    }),
            ]).jsonText
        case .table:
            let width = max(8, cells.map(\.0.count).max() ?? 0)
            return
                (["model: \(model)"]
                + cells.map { Columns.left($0.0, width) + Columns.right($0.2, 9) }
                + [
                    Columns.left("mean", width)
                        + Columns.right(Figures.fixed(mean, 2), 9)
                ])
                .joined(separator: "\n")
        case .markdown:
            return
                (["| set | pairs | Spearman x 100 |", "| --- | ---: | ---: |"]
                + cells.map { "| \($0.0) | \($0.1) | \($0.2) |" }
                + ["| mean | | \(Figures.fixed(mean, 2)) |"]).joined(separator: "\n")
        }
    }
}

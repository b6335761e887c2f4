import Foundation

/// Sentence pairs with human similarity scores (semantic textual similarity, STS).
public struct SentencePairs: Sendable, Equatable {
    /// Two sentences and their similarity as judged by people.
    public struct Pair: Sendable, Equatable {
        /// The first sentence.
        public let first: String
        /// The second sentence.
        public let second: String
        /// The similarity on the data set's own scale, 0 to 5 in most. Only the order matters
        /// (Spearman).
        public let score: Double
    }

    /// The file's name without its extension.
    public let name: String
    /// The pairs, in the order of the file.
    public let pairs: [Pair]

    /// Reads tab-separated lines with a header that names `sentence1`, `sentence2` and `score`, in
    /// any order; other columns are ignored. Quotation marks are part of a sentence.
    ///
    /// - Throws: ``EvaluationError`` with file and line.
    public init(contentsOf url: URL) throws(EvaluationError) {
        let file = LineFile(url: url)
        var columns: (first: Int, second: Int, score: Int, count: Int)?
        var pairs: [Pair] = []
        try file.forEachLine { line, number throws(EvaluationError) in
            if line.isBlank { return }
            let fields = line.fields
            guard let columns else {
                let names = fields.map { $0.text ?? "" }
                guard let first = names.firstIndex(of: "sentence1"),
                    let second = names.firstIndex(of: "sentence2"),
                    let score = names.firstIndex(of: "score")
                else {
                    let expected = "a header that names sentence1, sentence2 and score"
                    throw file.problem(.fields(expected: expected, got: names.count), line: number)
                }
                columns = (first, second, score, names.count)
                return
            }
            guard fields.count == columns.count else {
                let expected = "\(columns.count) fields between tabs"
                throw file.problem(.fields(expected: expected, got: fields.count), line: number)
            }
            guard let first = fields[columns.first].text, let second = fields[columns.second].text,
                let scored = fields[columns.score].text
            else { throw file.problem(.notUTF8, line: number) }
            guard let score = Double(scored.trimmingCharacters(in: .whitespaces)), score.isFinite
            else { throw file.problem(.notANumber(field: "score", text: scored), line: number) }
            pairs.append(Pair(first: first, second: second, score: score))
        }
        if pairs.isEmpty { throw .noJudgments(path: file.path) }
        name = url.deletingPathExtension().lastPathComponent
        self.pairs = pairs
    }
}

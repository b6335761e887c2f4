/// Why a file of an evaluation could not be read, as facts. `description` states them.
public enum EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file does not exist.
    case missing(path: String)
    /// The file exists but cannot be read.
    case unreadable(path: String, reason: String)
    /// A line is malformed. Lines count from 1.
    case malformed(path: String, line: Int, problem: Problem)
    /// The folder has neither of the known layouts.
    case unknownLayout(folder: String)
    /// The folder has no judgments for the split; `found` lists the splits that it has.
    case noSuchSplit(folder: String, split: String, found: [String])
    /// The file has no judgments, so there is nothing to average over.
    case noJudgments(path: String)

    /// What is wrong with a line.
    public enum Problem: Equatable, Sendable {
        case fields(expected: String, got: Int)
        case notANumber(field: String, text: String)
        /// A grade with a fraction, or out of range.
        case notWhole(field: String, text: String)
        case notUTF8
        case tooLong(bytes: Int)
        case duplicateDocument(query: String, document: String)
        case conflictingGrades(query: String, document: String, first: Int, second: Int)
        case duplicateQuery(String)
        case notAnObject
        case missingKey(String)
    }

    /// One clause in English that names file and line: `qrels.tsv:3: the grade is not a number:
    /// 'x'`.
    public var description: String {
        switch self {
        case .missing(let path): "\(path): there is no such file"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .malformed(let path, let line, let problem): "\(path):\(line): \(problem)"
        case .unknownLayout(let folder):
            "\(folder): is neither a BEIR folder (corpus.jsonl, queries.jsonl, qrels/) nor an "
                + "MS MARCO one (collection.tsv, queries.SPLIT.tsv, qrels.SPLIT.tsv)"
        case .noSuchSplit(let folder, let split, let found):
            "\(folder): no judgments for the split '\(split)'; there are: "
                + (found.isEmpty ? "none" : found.joined(separator: ", "))
        case .noJudgments(let path): "\(path): holds no judgments"
        }
    }
}

extension EvaluationError.Problem: CustomStringConvertible {
    /// A clause about the line: `the grade is not a number: 'x'`.
    public var description: String {
        switch self {
        case .fields(let expected, let got): "expected \(expected), got \(got) fields"
        case .notANumber(let field, let text): "the \(field) is not a number: '\(text)'"
        case .notWhole(let field, let text): "the \(field) is not a whole number: '\(text)'"
        case .notUTF8: "the line is not valid UTF-8"
        case .tooLong(let bytes): "the line is longer than \(bytes) bytes"
        case .duplicateDocument(let query, let document):
            "document '\(document)' comes twice for query '\(query)'"
        case .conflictingGrades(let query, let document, let first, let second):
            "document '\(document)' of query '\(query)' is judged \(first) and then \(second)"
        case .duplicateQuery(let query): "query '\(query)' comes twice"
        case .notAnObject: "the line is not a JSON object"
        case .missingKey(let key): "the object has no text under '\(key)'"
        }
    }
}

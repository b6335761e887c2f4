import Foundation

/// Relevance judgments (qrels): the graded documents of each query.
///
/// A grade of 1 or more means relevant; 0 and negative grades mean judged and not relevant.
public struct Judgments: Sendable, Equatable {
    /// The grades by query, then by document.
    public private(set) var grades: [Identifier: [Identifier: Int]]

    /// Creates judgments from grades by query, then by document.
    public init(_ grades: [Identifier: [Identifier: Int]] = [:]) {
        self.grades = grades
    }

    /// All judged queries, in byte order. Means are taken over these.
    public var queries: [Identifier] { grades.keys.sorted() }

    /// The grades of a query's documents; empty if it is not judged.
    public subscript(query: Identifier) -> [Identifier: Int] { grades[query] ?? [:] }

    /// Reads qrels in either form, which is detected from the first line that is not blank:
    ///
    ///     q1 0 d7 2                      TREC: query, iteration, document, grade
    ///     query-id  corpus-id  score     BEIR: tab-separated, its header optional
    ///
    /// A repeated judgment is ignored; two different grades for one document are an error.
    ///
    /// - Throws: ``EvaluationError`` with file and line; `noJudgments` for an empty file.
    public init(contentsOf url: URL) throws(EvaluationError) {
        self.init()
        let file = LineFile(url: url)
        var form: Form?
        try file.forEachLine { line, number throws(EvaluationError) in
            if line.isBlank { return }
            let known: Form
            if let form {
                known = form
            } else {
                known = Form(firstLine: line)
                form = known
                if known == .beir, let last = line.fields.last,
                    last.text.flatMap({ Double($0) }) == nil
                {
                    return  // the header
                }
            }
            let fields = known == .beir ? line.fields : line.words
            guard fields.count == known.count else {
                throw file.problem(
                    .fields(expected: known.expected, got: fields.count), line: number)
            }
            guard let query = fields[0].text, let document = fields[known.count - 2].text,
                let graded = fields[known.count - 1].text
            else { throw file.problem(.notUTF8, line: number) }
            guard let grade = Self.grade(graded) else {
                let isNumber = Double(graded).map { !$0.isNaN } ?? false
                throw file.problem(
                    isNumber
                        ? .notWhole(field: "grade", text: graded)
                        : .notANumber(field: "grade", text: graded), line: number)
            }
            let before = grades[Identifier(query), default: [:]].updateValue(
                grade, forKey: Identifier(document))
            if let before, before != grade {
                throw file.problem(
                    .conflictingGrades(
                        query: query, document: document, first: before, second: grade),
                    line: number)
            }
        }
        if grades.isEmpty { throw .noJudgments(path: file.path) }
    }

    /// A whole number, which may be written `1.0`, as data frames do.
    private static func grade(_ text: String) -> Int? {
        let text = text.trimmingCharacters(in: .whitespaces)
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    private enum Form {
        case trec, beir

        init(firstLine line: Line) {
            self = line.fields.count == 3 ? .beir : .trec
        }

        var count: Int { self == .beir ? 3 : 4 }

        var expected: String {
            self == .beir
                ? "query, document and grade between tabs" : "'query iteration document grade'"
        }
    }
}

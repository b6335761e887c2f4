import Foundation
import JSON

/// A test collection in a folder: documents, queries, and the judgments of one split.
///
/// The documents are not read, since there may be 8.8 million of them; the caller reads and indexes
/// them.
public struct TestCollection: Sendable {
    /// The names and formats of the folder's files.
    public enum Layout: String, Sendable {
        /// corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv
        case beir
        /// collection.tsv, queries.SPLIT.tsv, qrels.SPLIT.tsv
        case msMarco = "ms-marco"
    }

    /// A judged query.
    public struct Query: Sendable, Equatable {
        /// The query's id.
        public let id: Identifier
        /// The query's text.
        public let text: String
    }

    /// The folder's name.
    public let name: String
    /// The split that the judgments belong to: `test`, `dev`, …
    public let split: String
    /// The names and formats of the folder's files.
    public let layout: Layout
    /// The file of documents: corpus.jsonl or collection.tsv.
    public let corpus: URL
    /// The judged queries that have a text, in the order of the judgments.
    public let queries: [Query]
    /// Judged queries without a text. They are not searched, and count as 0 in every mean.
    public let queriesWithoutText: [Identifier]
    /// The judgments of the split.
    public let judgments: Judgments

    /// Reads a folder's queries and judgments.
    ///
    /// - Parameter split: `nil` means `test` for a BEIR folder, but `dev` for MS MARCO in either
    ///   layout, whose `test` is another, smaller task (TREC DL 2019), or the only split that the
    ///   folder has.
    /// - Throws: ``EvaluationError``.
    public init(folder: URL, split: String? = nil) throws(EvaluationError) {
        name = folder.standardizedFileURL.lastPathComponent
        let files: Files
        if Self.exists(folder.appending(path: "corpus.jsonl")) {
            layout = .beir
            files = try Self.beir(folder, name: name, split: split)
        } else if Self.exists(folder.appending(path: "collection.tsv")) {
            layout = .msMarco
            files = try Self.msMarco(folder, split: split)
        } else {
            throw .unknownLayout(folder: folder.path(percentEncoded: false))
        }
        self.split = files.split
        corpus = files.corpus
        judgments = try Judgments(contentsOf: files.judgments)
        let texts =
            layout == .beir
            ? try Self.objects(files.queries, judged: judgments)
            : try Self.table(files.queries, judged: judgments)
        queries = judgments.queries.compactMap { id in texts[id].map { Query(id: id, text: $0) } }
        queriesWithoutText = judgments.queries.filter { texts[$0] == nil }
    }

    // MARK: - Which files

    private struct Files {
        let split: String
        let corpus: URL
        let queries: URL
        let judgments: URL
    }

    private static func exists(_ url: URL) -> Bool {
        FileManager.default.fileExists(atPath: url.path(percentEncoded: false))
    }

    private static func beir(
        _ folder: URL, name: String, split: String?
    ) throws(EvaluationError) -> Files {
        let names = splits(folder.appending(path: "qrels"), prefix: "")
        let preferred = name.lowercased() == "msmarco" ? ["dev", "test"] : ["test", "dev"]
        let chosen =
            split ?? preferred.first(where: names.contains) ?? (names.count == 1 ? names[0] : nil)
        guard let chosen, names.contains(chosen) else {
            throw .noSuchSplit(
                folder: folder.path(percentEncoded: false), split: chosen ?? preferred[0],
                found: names)
        }
        return Files(
            split: chosen, corpus: folder.appending(path: "corpus.jsonl"),
            queries: folder.appending(path: "queries.jsonl"),
            judgments: folder.appending(path: "qrels/\(chosen).tsv"))
    }

    private static func msMarco(_ folder: URL, split: String?) throws(EvaluationError) -> Files {
        let names = splits(folder, prefix: "qrels.")
        // The set that is usually reported is the small one with 6,980 queries.
        let wanted = split.map { [$0, "\($0).small"] } ?? ["dev.small", "dev"]
        guard let chosen = wanted.first(where: names.contains) else {
            throw .noSuchSplit(
                folder: folder.path(percentEncoded: false), split: wanted[0], found: names)
        }
        return Files(
            split: chosen, corpus: folder.appending(path: "collection.tsv"),
            queries: folder.appending(path: "queries.\(chosen).tsv"),
            judgments: folder.appending(path: "qrels.\(chosen).tsv"))
    }

    private static func splits(_ folder: URL, prefix: String) -> [String] {
        let path = folder.path(percentEncoded: false)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".tsv") }
            .map { String($0.dropFirst(prefix.count).dropLast(4)) }.sorted()
    }

    // MARK: - Queries

    private static func objects(
        _ url: URL, judged: Judgments
    ) throws(EvaluationError) -> [Identifier: String] {
        let file = LineFile(url: url)
        var texts: [Identifier: String] = [:]
        try file.forEachLine { line, number throws(EvaluationError) in
            if line.isBlank { return }
            guard let object = (try? JSONValue(parsing: line.bytes))?.objectValue else {
                throw file.problem(.notAnObject, line: number)
            }
            guard let name = identifier(object["_id"]) else {
                throw file.problem(.missingKey("_id"), line: number)
            }
            guard let text = object["text"]?.stringValue else {
                throw file.problem(.missingKey("text"), line: number)
            }
            let id = Identifier(name)
            if judged.grades[id] == nil { return }
            guard texts.updateValue(text, forKey: id) == nil else {
                throw file.problem(.duplicateQuery(name), line: number)
            }
        }
        return texts
    }

    /// A string, or the digits of an integer: published collections have both.
    private static func identifier(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text)?: text
        case .integer(let number)?: String(number)
        case .largeInteger(let number)?: number.description
        default: nil
        }
    }

    private static func table(
        _ url: URL, judged: Judgments
    ) throws(EvaluationError) -> [Identifier: String] {
        let file = LineFile(url: url)
        var texts: [Identifier: String] = [:]
        try file.forEachLine { line, number throws(EvaluationError) in
            if line.isBlank { return }
            let fields = line.fields
            guard fields.count == 2 else {
                let expected = "query and text between tabs"
                throw file.problem(.fields(expected: expected, got: fields.count), line: number)
            }
            guard let id = fields[0].text, let text = fields[1].text else {
                throw file.problem(.notUTF8, line: number)
            }
            if judged.grades[Identifier(id)] == nil { return }
            guard texts.updateValue(text, forKey: Identifier(id)) == nil else {
                throw file.problem(.duplicateQuery(id), line: number)
            }
        }
        return texts
    }
}

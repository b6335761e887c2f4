import Evaluation
import Foundation
import JSON
import VectorDatabase

/// Prints the answer to a query: a table for people, JSON, or lines of a TREC run.
struct AnswerPrinter {
    let format: QueryCommand.Format
    let explains: Bool
    let runName: String
    let escapesIDs: Bool

    /// - Parameter id: the query's id; nil for a single query.
    func print(_ answer: Answer, id: String?, details: HitDetails) throws {
        switch format {
        case .table: table(answer, id: id, details)
        case .json: json(answer, id: id, details)
        case .trec: try trec(answer, id: id ?? "1")
        }
    }

    // MARK: Details

    /// What is shown of the hits beyond the answer, without nearest sentences.
    func details(of answer: Answer, in collection: DocumentCollection) throws -> HitDetails {
        format == .json ? try HitDetails(of: answer, in: collection) : HitDetails()
    }

    /// The hits whose snippet the query's words do not tell: those found by vector rather than by
    /// words, or by words in their titles, if not all of their text is shown.
    func hitsWithoutPlace(_ answer: Answer) -> [Hit] {
        if answer.mode == .lexical { return [] }
        let shown = Self.passageLines * Self.columns(forHits: answer.hits.count)
        let highlighter = Highlighter(query: answer.query.text)
        return answer.hits.filter { hit in
            let isByWords = hit.parts.map { $0.lexical >= $0.dense } ?? false
            if isByWords, !highlighter.matches(in: hit.text).isEmpty { return false }
            return format == .json || Columns.width(of: Columns.plain(hit.text)) > shown
        }
    }

    // MARK: JSON

    private func json(_ answer: Answer, id: String?, _ details: HitDetails) {
        answer.json(id: id, explains: explains, details: details).print()
    }

    // MARK: TREC

    private func trec(_ answer: Answer, id: String) throws {
        func written(_ id: String) throws -> String {
            if escapesIDs { return TRECIdentifier.escaped(id) }
            guard TRECIdentifier.isWritable(id) else { throw CommandFailure.unwritableID(id) }
            return id
        }
        let query = try written(id)
        for hit in answer.hits {
            Output.line(
                "\(query) Q0 \(try written(hit.id)) \(hit.rank) \(hit.score) \(runName)")
        }
    }

    // MARK: Table

    private static let passageLines = 3
    private static var width: Int { min(Terminal.width(of: STDOUT_FILENO), 120) }

    /// The columns of a passage in a table.
    private static func columns(forHits count: Int) -> Int {
        max(20, width - String(count).count - 2)
    }

    private func table(_ answer: Answer, id: String?, _ details: HitDetails) {
        let width = Self.width
        if let id {
            let heading = Columns.truncated(
                Columns.plain("\(id): \(answer.query.text)"), to: width)
            Output.line(Terminal.styled(heading, .bold))
        }
        let rankWidth = String(answer.hits.count).count
        let indent = String(repeating: " ", count: rankWidth + 2)
        let highlighter = Highlighter(query: answer.query.text)
        for hit in answer.hits {
            let rank = Columns.right(String(hit.rank), rankWidth, gap: 0)
            let score = score(hit.score, mode: answer.mode)
            // In a pipe the id may be for another program.
            let name = Columns.truncated(
                Columns.plain(hit.id),
                to: Output.isTerminal ? max(8, width - rankWidth - score.count - 6) : .max)
            var head = "\(rank)  \(Terminal.styled(score, .dim))  \(Terminal.styled(name, .bold))"
            let used = rankWidth + score.count + Columns.width(of: name) + 4
            let title = Columns.plain(hit.title)
            if !title.isEmpty, width - used > 8 {
                head += "  " + Columns.truncated(title, to: width - used - 2)
            }
            Output.line(head)
            let columns = Self.columns(forHits: answer.hits.count)
            let snippet = Self.snippet(
                of: hit, highlighter, sentence: details.sentences[hit.rank], columns: columns)
            for line in Columns.wrapped(snippet, to: columns, limit: Self.passageLines) {
                Output.line(indent + Self.styled(line, highlighter))
            }
            if !hit.duplicates.isEmpty {
                let others =
                    "+ \(Figures.grouped(hit.duplicates.count)) with the same text: "
                    + hit.duplicates.map(Columns.plain).joined(separator: ", ")
                Output.line(
                    indent + Terminal.styled(Columns.truncated(others, to: columns), .dim))
            }
        }
        if explains { explain(answer) }
    }

    /// The part of a passage that is shown: from the given sentence on, else the part that shows the
    /// query's words best; its beginning if it has none.
    private static func snippet(
        of hit: Hit, _ highlighter: Highlighter, sentence: Range<String.Index>?, columns: Int
    ) -> String {
        let text = Columns.plain(hit.text)
        let (width, room) = (Columns.width(of: text), passageLines * columns)
        guard width > room else { return text }
        if let sentence {
            let rest = Columns.plain(String(hit.text[sentence.lowerBound...]))
            return (sentence.lowerBound > hit.text.startIndex ? "… " : "") + rest
        }
        // Wide characters leave room for fewer.
        let length = max(1, text.count * room / width)
        guard let window = highlighter.bestWindow(in: text, length: length),
            window.lowerBound > text.startIndex
        else { return text }
        return "… " + text[window.lowerBound...]
    }

    /// The query's words in bold.
    private static func styled(_ line: String, _ highlighter: Highlighter) -> String {
        guard Terminal.hasColors else { return line }
        var result = ""
        var last = line.startIndex
        for range in highlighter.matches(in: line) {
            result += line[last..<range.lowerBound]
            result += Terminal.styled(String(line[range]), .bold)
            last = range.upperBound
        }
        return result + line[last...]
    }

    /// Fused scores are small and differ only after the second decimal place.
    func score(_ score: Double, mode: QueryMode) -> String {
        Figures.fixed(score, mode == .lexical ? 2 : 4)
    }

    private func explain(_ answer: Answer) {
        let explanation = answer.explanation
        Output.line("")
        Output.line(
            "mode \(answer.mode.rawValue), \(Figures.fixed(answer.milliseconds, 2)) ms"
        )
        for phase in explanation.phases {
            Output.line(
                "  " + Columns.left(phase.name, 10)
                    + Columns.right(Figures.fixed(phase.milliseconds, 2), 8) + " ms")
        }
        Output.line("  \(explanation.distanceComputations) distances computed")
        Output.line(
            "  \(explanation.postings) postings read, "
                + "\(explanation.scoredPassages) passages scored by words")
        Output.line(
            "  \(explanation.graphRows) rows in the graph, \(explanation.tailRows) scanned that are "
                + "not yet in it, \(explanation.deletedRows) deleted")
        if explanation.placesWithoutEf > 0 {
            Output.line(
                "  --ef does not reach "
                    + Figures.count(explanation.placesWithoutEf, "place")
                    + " on other servers: searched with \(Query.defaultEf)")
        }
        if let fusion = explanation.fusion {
            Output.line(
                "  weight of lexical \(fusion.method.rawValue) \(fusion.lexicalWeight), of dense "
                    + "\(fusion.method.rawValue) \(fusion.denseWeight ?? 0)")
            for hit in answer.hits {
                guard let parts = hit.parts else { continue }
                Output.line(
                    "  " + Columns.right(String(hit.rank), 4) + "  words "
                        + Figures.fixed(parts.lexical, 4) + "  vectors "
                        + Figures.fixed(parts.dense, 4) + "  tokens "
                        + Figures.fixed(parts.tokens, 4))
            }
        }
        if let matching = explanation.matchingPassages {
            Output.line("  \(matching) passages match the filter")
        }
    }
}

import JSON

extension Answer {
    /// The answer as the command line and the server write it.
    ///
    /// - Parameters:
    ///   - id: the query's id; `nil` for a single query.
    ///   - explains: whether ``explanation`` and the parts of hybrid scores are included.
    ///   - details: what is shown of the hits beyond the answer.
    ///   - includesContent: whether the hits have titles, texts and metadata.
    package func json(
        id: String?, explains: Bool, details: HitDetails, includesContent: Bool = true
    ) -> JSONWriter {
        var line = JSONWriter()
        if let id { line.set("query_id", id) }
        line.set("query", query.text)
        line.set("mode", mode.rawValue)
        line.set("took_ms", .number(milliseconds))
        let highlighter = Highlighter(query: query.text)
        line.set(
            "hits",
            hits.map { hit in
                var line = hit.head(explains: explains)
                if includesContent { hit.addContent(to: &line, highlighter, details) }
                return line
            })
        if explains { line.set("explanation", explanation.json) }
        return line
    }

    /// ``duration`` in milliseconds, to the microsecond.
    package var milliseconds: Double { (duration / .milliseconds(1) * 1000).rounded() / 1000 }
}

extension Hit {
    /// The characters of a snippet.
    private static let snippetLength = 240

    fileprivate func head(explains: Bool) -> JSONWriter {
        var line = JSONWriter()
        line.set("rank", rank)
        line.set("id", id)
        line.set("score", .number(score))
        if let logProbability { line.set("log_probability", .number(logProbability)) }
        if explains, let parts {
            line.set("dense_part", .number(parts.dense))
            line.set("lexical_part", .number(parts.lexical))
            line.set("token_part", .number(parts.tokens))
        }
        return line
    }

    fileprivate func addContent(
        to line: inout JSONWriter, _ highlighter: Highlighter, _ details: HitDetails
    ) {
        line.set("title", title)
        line.set("text", text)
        line.set("highlights", .array(Self.pairs(highlighter.matches(in: text), in: text)))
        let snippet =
            details.sentences[rank] ?? highlighter.bestWindow(in: text, length: Self.snippetLength)
        line.set("snippet", snippet.flatMap { Self.pairs([$0], in: text).first } ?? .null)
        let place = details.places[rank]
        let linesBefore = text[..<(snippet?.lowerBound ?? text.startIndex)].utf8.count {
            $0 == UInt8(ascii: "\n")
        }
        line.set("offset", place.map { .integer(Int64($0.offset)) } ?? .null)
        line.set("line", place.map { .integer(Int64($0.line + linesBefore)) } ?? .null)
        line.set("duplicates", .array(duplicates.map { .string($0) }))
        line.set("metadata", .object(metadata))
    }

    /// Places in a text as pairs: where each begins and ends, in Unicode code points.
    ///
    /// - Parameter ranges: in order and apart.
    private static func pairs(_ ranges: [Range<String.Index>], in text: String) -> [JSONValue] {
        var last = text.startIndex
        var offset = 0
        func advance(to index: String.Index) -> JSONValue {
            offset += text.unicodeScalars.distance(from: last, to: index)
            last = index
            return .integer(Int64(offset))
        }
        return ranges.map { range in
            let start = advance(to: range.lowerBound)
            return .array([start, advance(to: range.upperBound)])
        }
    }
}

extension Explanation {
    fileprivate var json: JSONWriter {
        var line = JSONWriter()
        line.set(
            "phases",
            phases.map { phase in
                var line = JSONWriter()
                line.set("name", phase.name)
                line.set("ms", .number(phase.milliseconds))
                return line
            })
        line.set("distance_computations", distanceComputations)
        line.set("graph_rows", graphRows)
        line.set("tail_rows", tailRows)
        line.set("deleted_rows", deletedRows)
        if placesWithoutEf > 0 { line.set("places_without_ef", placesWithoutEf) }
        line.set("postings", postings)
        line.set("scored_passages", scoredPassages)
        line.set("matching_passages", matchingPassages.map { .integer(Int64($0)) } ?? .null)
        if let fusion {
            line.set("fusion", fusion.method.rawValue)
            line.set("dense_weight", fusion.denseWeight.map { .number($0) } ?? .null)
            line.set("lexical_weight", .number(fusion.lexicalWeight))
        }
        return line
    }
}

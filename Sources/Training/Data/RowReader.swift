import FileFormat
import JSON

/// Reads rows in any supported layout. Layouts are told apart by their keys.
///
///     pretrain   {"text"}
///     compress   {"context", "instruction", "output"}                 the authors'
///                {"input", "prompt", "answer"}                        PwC's
///                {"instruction", "input", "output"}                   Alpaca's
///                {"title", "text"}, or any pair below                 retrieval data
///     align,     {"query", "pos", "neg", "prompt"}                    FlagEmbedding's
///     contrast   {"anchor", "positive", "negative"}, {"anchor", "positive", "negative_1", …},
///                {"query", "answer"}, {"question", "answer"}, {"sentence1", "sentence2"},
///                ["anchor", "positive"], ["anchor", "positive", "negative", …]
///                                                                     sentence-transformers'
///     respond    {"query", "answer"}, {"question", "answer"}; "prompt"
///
/// Positives and negatives are a string or an array of strings. Other keys are ignored.
struct RowReader: Sendable {
    let path: String
    let stage: TrainingStage
    /// Whether a row without a negative is an error.
    let needsNegative: Bool

    private static let queryKeys = ["query", "anchor", "question", "sentence1"]
    private static let positiveKeys = ["pos", "positive", "positives", "answer", "sentence2"]
    private static let negativeKeys = ["neg", "negative", "negatives"]
    private static let contextKeys = ["context", "input"]
    private static let instructionKeys = ["instruction", "prompt"]
    private static let outputKeys = ["output", "answer"]
    private static let rules = JSONReader.Rules(
        maximumDepth: 64, allowsByteOrderMark: true)

    func row(
        _ bytes: UnsafeRawBufferPointer, line: Int
    ) throws(TrainingError) -> TrainingRow {
        let fields = try fields(bytes, line: line)
        switch stage {
        case .pretrain: return .text(try fields.string("text"))
        case .align, .contrast: return try pair(fields)
        case .respond:
            return .answer(
                query: try fields.string("query", "question"),
                answer: try fields.string("answer"),
                prompt: try fields.optionalString("prompt"))
        case .compress:
            if fields.has(Self.queryKeys) || fields.list != nil { return try pair(fields) }
            let isInstruction = fields.has(
                Self.contextKeys + Self.instructionKeys + Self.outputKeys)
            if !isInstruction, fields.has(["text"]) {
                let title = try fields.optionalString("title") ?? ""
                let text = try fields.string("text")
                return .text(title.isEmpty ? text : title + " " + text)
            }
            return .instruction(
                context: try fields.string(Self.contextKeys),
                instruction: try fields.string(Self.instructionKeys),
                output: try fields.string(Self.outputKeys))
        }
    }

    private func pair(_ fields: RowFields) throws(TrainingError) -> TrainingRow {
        if let texts = fields.list {
            guard texts.count >= 2 else {
                throw fields.bad(.shortArray)
            }
            return try checked(
                fields, query: texts[0], positives: [texts[1]], negatives: Array(texts[2...]))
        }
        if fields.has(["sentence1"]),
            let key = ["label", "score"].first(where: { fields.has([$0]) })
        {
            throw fields.bad(.labelledPairs(key: key))
        }
        return try checked(
            fields, query: try fields.string(Self.queryKeys),
            positives: try fields.strings(Self.positiveKeys), negatives: try negatives(fields))
    }

    private func checked(
        _ fields: RowFields, query: String, positives: [String], negatives: [String]
    ) throws(TrainingError) -> TrainingRow {
        guard !positives.isEmpty else {
            throw fields.bad(.empty(key: fields.name(Self.positiveKeys)))
        }
        if needsNegative, negatives.isEmpty {
            throw fields.bad(.noNegative(key: fields.name(Self.negativeKeys)))
        }
        let own = Set(positives.map(TextBytes.init))
        let others = negatives.filter { !own.contains(TextBytes($0)) }
        if needsNegative, others.isEmpty {
            throw fields.bad(.onlyPositives(key: fields.name(Self.negativeKeys)))
        }
        return .pair(
            query: query, positives: positives, negatives: others,
            prompt: try fields.optionalString("prompt"),
            leftOut: negatives.count - others.count)
    }

    private func negatives(_ fields: RowFields) throws(TrainingError) -> [String] {
        for key in Self.negativeKeys {
            if let texts = try fields.optionalStrings(key) { return texts }
        }
        var found: [String] = []
        var number = fields.has(["negative_0"]) ? 0 : 1
        while let text = try fields.optionalString("negative_\(number)") {
            found.append(text)
            number += 1
        }
        return found
    }

    /// The row's `_id`, `id` or `query_id`, for error messages.
    func identifier(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard let fields = try? fields(bytes, line: 0) else { return nil }
        return ["_id", "id", "query_id"].lazy.compactMap { fields.identifier($0) }.first
    }

    private func fields(
        _ bytes: UnsafeRawBufferPointer, line: Int
    ) throws(TrainingError) -> RowFields {
        var reader = JSONReader(bytes, rules: Self.rules)
        do throws(JSONError) {
            return try RowFields(&reader, path: path, line: line)
        } catch {
            let isOther = error.expected == .object && error.offset == 0
            throw .badLine(path: path, line: line, isOther ? .notAnObject : .notJSON(error))
        }
    }
}

import Foundation

/// One row of training data.
enum TrainingRow: Sendable, Equatable {
    /// pretrain
    case text(String)
    /// compress
    case instruction(context: String, instruction: String, output: String)
    /// align and contrast; `prompt` replaces the query's instruction where the row has one
    case pair(query: String, positives: [String], negatives: [String], prompt: String?)
}

/// The layouts that rows come in.
///
///     pretrain   {"text"}
///     compress   {"context", "instruction", "output"}                  the authors'
///                {"instruction", "input", "output"}                    Alpaca's
///     align,     {"query", "pos": [...] or "...", "neg": [...] or "..."}   FlagEmbedding's
///     contrast   {"anchor" or "query", "positive", "negative", "negative_1", ...}
///                                                                      sentence-transformers'
///
/// A pair's `prompt` (FlagEmbedding) stands for the query's instruction. Other keys are ignored.
struct RowReader {
    let path: String
    let stage: TrainingStage
    /// Whether a row without a negative is an error.
    let needsNegative: Bool

    func row(_ bytes: Data, line: Int) throws(TrainingError) -> TrainingRow {
        let parsed: Any
        do { parsed = try JSONSerialization.jsonObject(with: bytes) } catch {
            throw .badLine(path: path, line: line, reason: "not a JSON object")
        }
        guard let object = parsed as? [String: Any] else {
            throw .badLine(path: path, line: line, reason: "not a JSON object")
        }
        let fields = Fields(object: object, path: path, line: line)
        switch stage {
        case .pretrain: return .text(try fields.string("text"))
        case .compress:
            return .instruction(
                context: try fields.string("context", "input"),
                instruction: try fields.string("instruction"),
                output: try fields.string("output"))
        case .align, .contrast:
            let query = try fields.string("query", "anchor")
            let positives = try fields.strings("pos", "positive")
            guard !positives.isEmpty else {
                throw .badLine(path: path, line: line, reason: "\"pos\" is empty")
            }
            let negatives = try fields.negatives()
            if needsNegative, negatives.isEmpty {
                throw .badLine(
                    path: path, line: line,
                    reason: "no negative in \"neg\"; `vdb mine` finds some")
            }
            return .pair(
                query: query, positives: positives, negatives: negatives,
                prompt: try fields.optionalString("prompt"))
        }
    }
}

/// The keys of one row, with errors that name them.
private struct Fields {
    let object: [String: Any]
    let path: String
    let line: Int

    func optionalString(_ key: String) throws(TrainingError) -> String? {
        guard let value = object[key], !(value is NSNull) else { return nil }
        guard let text = value as? String else {
            throw .badLine(path: path, line: line, reason: "\"\(key)\" is not a string")
        }
        return text
    }

    func string(_ keys: String...) throws(TrainingError) -> String {
        for key in keys {
            if let text = try optionalString(key) { return text }
        }
        throw .missingKey(path: path, line: line, key: "\"\(keys[0])\"")
    }

    func optionalStrings(_ key: String) throws(TrainingError) -> [String]? {
        guard let value = object[key], !(value is NSNull) else { return nil }
        if let text = value as? String { return [text] }
        guard let texts = value as? [String] else {
            throw .badLine(
                path: path, line: line,
                reason: "\"\(key)\" is neither a string nor an array of strings")
        }
        return texts
    }

    func strings(_ keys: String...) throws(TrainingError) -> [String] {
        for key in keys {
            if let texts = try optionalStrings(key) { return texts }
        }
        throw .missingKey(path: path, line: line, key: "\"\(keys[0])\"")
    }

    func negatives() throws(TrainingError) -> [String] {
        for key in ["neg", "negative", "negatives"] {
            if let texts = try optionalStrings(key) { return texts }
        }
        var found: [String] = []
        var number = object["negative_0"] == nil ? 1 : 0
        while let text = try optionalString("negative_\(number)") {
            found.append(text)
            number += 1
        }
        return found
    }
}

import AutoRegEmbed
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import TextBytes
import VectorDatabase

/// Encoding texts: our own endpoint, and those of OpenAI.
struct EmbedEndpoints {
    let services: Services

    private var model: ServedModel { services.model }

    var routes: [Route] {
        [
            Route(.post, "/v1/embed", .read, embed),
            Route(.post, "/v1/embeddings", .read, embeddings),
            Route(.get, "/v1/models", .read, models),
            Route(.get, "/v1/models/{model}", .read, oneModel),
        ]
    }

    private func embedder() async throws -> any Embedder {
        let model = model
        return try await services.reading { try model.embedder() }
    }

    // MARK: Our own

    private func embed(_ call: Call) async throws -> Response {
        _ = try call.parameters()
        var fields = try await call.fields()
        let texts = try Fields.require(fields.strings("texts", most: Limits.inputs), "texts")
        let task = try fields.choice("task", EmbeddingTask.self) ?? .retrieval
        let given = try fields.string("instruction") ?? "self"
        try fields.end()
        let instruction: Instruction =
            switch given {
            case "next": .next
            case "self": .self_
            case "none": .none
            default: .custom(given)
            }
        let embedder = try await embedder()
        guard let tokens = embedder as? any ModelEmbedder else {
            throw RequestFailure.noModel(embedder: embedder.identity.name)
        }
        let encoded = try await withTimeout(seconds: services.limits.timeout) { [model] in
            try await model.encode(texts, kind: .instructed(instruction, task), with: embedder)
        }
        var line = JSONWriter()
        line.set(
            "embeddings",
            zip(texts, encoded).map { text, encoded in
                var line = JSONWriter()
                line.set("text", text)
                line.set(
                    "tokens", tokens.inputTokens(text, instruction: instruction, task: task))
                line.set("embedding", encoded.vector)
                return line
            })
        line.set("truncated", encoded.count(where: \.isTruncated))
        return .json(line)
    }

    // MARK: OpenAI's

    private func embeddings(_ call: Call) async throws -> Response {
        _ = try call.parameters()
        var fields = try await call.fields()
        let name = try Fields.require(fields.string("model"), "model")
        let input = try Fields.require(fields.take("input"), "input")
        let isBase64 = try fields.choice("encoding_format", EncodingFormat.self) == .base64
        let dimensions = try fields.integer("dimensions", in: 1...Int(Int32.max))
        let inputType = try fields.string("input_type")
        let truncates = try fields.boolean("truncate") ?? true
        let embedder = try await embedder()
        let texts = try EmbeddingInput(
            input, tokens: services.tokenIDs, embedder: embedder
        ).texts
        var form = try model.form(ofModel: name, embedder)
        if let inputType {
            switch inputType {
            case "query", "search_query": form = .query
            case "document", "passage", "search_document": form = .document
            default:
                throw RequestFailure.wrongValue(
                    name: "input_type", expected: "query or document")
            }
        }
        if let dimensions, dimensions != embedder.identity.dimensions {
            throw RequestFailure.wrongValue(
                name: "dimensions",
                expected: "\(embedder.identity.dimensions), which the model has, or absent")
        }
        let longest = embedder.identity.settings["max_length"]?.integerValue ?? .max
        let tokens = texts.reduce(0) { $0 + min(EmbeddingQueue.estimate($1), longest) }
        guard tokens <= Limits.inputTokens else {
            throw RequestFailure.wrongValue(
                name: "input",
                expected: "at most about \(Limits.inputTokens) tokens; send several requests")
        }
        let encoded = try await withTimeout(seconds: services.limits.timeout) { [model, form] in
            try await model.encode(texts, kind: form.kind, with: embedder)
        }
        if !truncates, let index = encoded.firstIndex(where: \.isTruncated) {
            throw RequestFailure.inputTooLong(index: index)
        }
        return Self.answer(encoded, model: name, isBase64: isBase64)
    }

    private enum EncodingFormat: String, CaseIterable { case float, base64 }

    private static func answer(
        _ encoded: [EncodedText], model: String, isBase64: Bool
    ) -> Response {
        let tokens = encoded.reduce(0) { $0 + $1.tokenCount }
        var usage = JSONWriter()
        usage.set("prompt_tokens", tokens)
        usage.set("total_tokens", tokens)
        var line = JSONWriter()
        line.set("object", "list")
        line.set("model", model)
        line.set(
            "data",
            encoded.enumerated().map { index, text in
                var line = JSONWriter()
                line.set("object", "embedding")
                line.set("index", index)
                if isBase64 {
                    line.set("embedding", Self.base64(text.vector))
                } else {
                    line.set("embedding", text.vector)
                }
                return line
            })
        line.set("usage", usage)
        let truncated = encoded.count(where: \.isTruncated)
        return .json(line, headers: truncated == 0 ? [:] : [.xTruncated: "\(truncated)"])
    }

    /// The numbers as little-endian float32.
    static func base64(_ vector: [Float]) -> String {
        var data = Data(capacity: vector.count * 4)
        for number in vector {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
        return data.base64EncodedString()
    }

    private func models(_ call: Call) async throws -> Response {
        _ = try call.parameters()
        let embedder = try await embedder()
        var line = JSONWriter()
        line.set("object", "list")
        line.set("data", model.names(of: embedder).map { entry($0, embedder) })
        return .json(line)
    }

    private func oneModel(_ call: Call) async throws -> Response {
        _ = try call.parameters()
        let embedder = try await embedder()
        _ = try model.form(ofModel: call.part("model"), embedder)
        return .json(entry(call.part("model"), embedder))
    }

    private func entry(_ name: String, _ embedder: any Embedder) -> JSONWriter {
        var line = JSONWriter()
        line.set("id", name)
        line.set("object", "model")
        line.set("created", model.created)
        line.set("owned_by", "vdb")
        line.set("dimensions", embedder.identity.dimensions)
        line.set("fingerprint", embedder.identity.fingerprint)
        line.set("max_tokens", embedder.identity.settings["max_length"] ?? .null)
        return line
    }
}

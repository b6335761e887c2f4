import JSON

/// Adds special tokens around the ids of a text: Hugging Face's `post_processor`, for one sequence.
struct PostProcessor: Sendable {
    enum Part: Sendable, Equatable {
        case special([Int32])
        case text
    }

    /// Templates, applied in order; without templates the ids are unchanged.
    private var templates: [[Part]] = []

    init() {}

    init(_ json: JSONValue) throws(TokenizerError) {
        try append(json)
    }

    func apply(to ids: [Int32]) -> [Int32] {
        var ids = ids
        for template in templates {
            var output: [Int32] = []
            output.reserveCapacity(ids.count + template.count)
            for part in template {
                switch part {
                case .special(let special): output += special
                case .text: output += ids
                }
            }
            ids = output
        }
        return ids
    }

    private mutating func append(_ json: JSONValue) throws(TokenizerError) {
        let context = "post_processor"
        let type = try json.string("type", in: context)
        switch type {
        case "Sequence":
            for stage in try json.elements("processors", in: context) { try append(stage) }
        // It only changes offsets, which are not tracked.
        case "ByteLevel": break
        case "TemplateProcessing": templates.append(try Self.template(json, context))
        case "RobertaProcessing", "BertProcessing":
            templates.append([
                .special([try Self.pairedID(json, "cls", context)]), .text,
                .special([try Self.pairedID(json, "sep", context)]),
            ])
        default: throw .unsupportedStage(kind: "post-processor", type: type)
        }
    }

    private static func template(_ json: JSONValue, _ context: String) throws(TokenizerError)
        -> [Part]
    {
        var parts: [Part] = []
        for element in try json.elements("single", in: context) {
            if let special = element.field("SpecialToken") {
                let name = try special.string("id", in: "\(context).single")
                let field = "\(context).special_tokens.\(name)"
                guard let token = json["special_tokens"]?.field(name) else {
                    throw .missingField(field)
                }
                var ids: [Int32] = []
                for id in try token.elements("ids", in: field) {
                    ids.append(try Self.id(id, field))
                }
                parts.append(.special(ids))
            } else if element.field("Sequence") != nil {
                parts.append(.text)
            } else {
                throw .badField("\(context).single", expected: "special tokens and sequences")
            }
        }
        guard parts.filter({ $0 == .text }).count <= 1 else {
            throw .badField("\(context).single", expected: "the text once")
        }
        return parts
    }

    /// `["</s>", 2]`
    private static func pairedID(_ json: JSONValue, _ name: String, _ context: String)
        throws(TokenizerError) -> Int32
    {
        let pair = try json.elements(name, in: context)
        guard pair.count == 2 else { throw .badField("\(context).\(name)", expected: "a pair") }
        return try id(pair[1], "\(context).\(name)")
    }

    private static func id(_ json: JSONValue, _ field: String) throws(TokenizerError) -> Int32 {
        guard let value = json.integerValue, let id = Int32(exactly: value), id >= 0 else {
            throw .badField(field, expected: "an id")
        }
        return id
    }
}

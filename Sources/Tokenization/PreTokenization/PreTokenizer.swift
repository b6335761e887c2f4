import JSON

/// Splits a text into the pieces that the model encodes one by one: Hugging Face's `pre_tokenizer`,
/// with sequences flattened into stages.
struct PreTokenizer: Sendable {
    private(set) var stages: [Stage]
    /// Whether pieces are plain bytes although the last stage is ByteLevel: the model then looks up
    /// symbols by byte, without spelling them in the byte alphabet.
    private(set) var leavesBytes = false

    enum Stage: Sendable {
        case byteLevel(addPrefixSpace: Bool, usesExpression: Bool, spells: Bool)
        case split(TextPattern, SplitBehavior, inverted: Bool)
        case metaspace(Metaspace)
        case digits(individually: Bool)
        case whitespace
        case whitespaceSplit
        case punctuation(SplitBehavior)
        case delimiter(Unicode.Scalar)
        case bert
        case fixedLength(Int)
    }

    struct Metaspace: Sendable {
        enum PrependScheme: String, Sendable { case first, never, always }
        let replacement: [UInt8]
        let prependScheme: PrependScheme
        let splits: Bool
    }

    /// - Parameter modelReadsBytes: whether the model has a symbol for each byte, so that a last
    ///   ByteLevel stage need not spell them out.
    init(_ json: JSONValue?, modelReadsBytes: Bool) throws(TokenizerError) {
        stages = []
        if let json { try append(json) }
        if modelReadsBytes, case .byteLevel(let prefix, let expression, _)? = stages.last {
            stages[stages.count - 1] = .byteLevel(
                addPrefixSpace: prefix, usesExpression: expression, spells: false)
            leavesBytes = true
        }
    }

    private mutating func append(_ json: JSONValue) throws(TokenizerError) {
        let context = "pre_tokenizer"
        let type = try json.string("type", in: context)
        switch type {
        case "Sequence":
            for stage in try json.elements("pretokenizers", in: context) { try append(stage) }
        case "ByteLevel":
            stages.append(
                .byteLevel(
                    addPrefixSpace: try json.bool("add_prefix_space", default: true, in: context),
                    usesExpression: try json.bool("use_regex", default: true, in: context),
                    spells: true))
        case "Split":
            stages.append(
                .split(
                    try TextPattern(json, in: context), try SplitBehavior(json, in: context),
                    inverted: try json.bool("invert", default: false, in: context)))
        case "Metaspace": stages.append(.metaspace(try Metaspace(json, in: context)))
        case "Digits":
            stages.append(
                .digits(
                    individually: try json.bool("individual_digits", default: false, in: context)))
        case "Whitespace": stages.append(.whitespace)
        case "WhitespaceSplit": stages.append(.whitespaceSplit)
        case "Punctuation":
            stages.append(
                .punctuation(try SplitBehavior(json, default: .isolated, in: context)))
        case "CharDelimiterSplit":
            stages.append(.delimiter(try json.scalar("delimiter", in: context)))
        case "BertPreTokenizer": stages.append(.bert)
        case "FixedLength":
            let length = try json.count("length", in: context)
            guard length > 0 else { throw .badField("\(context).length", expected: "positive") }
            stages.append(.fixedLength(length))
        default: throw .unsupportedStage(kind: "pre-tokenizer", type: type)
        }
    }

    /// - Parameter leading: the number of bytes at the front that come from the first character of
    ///   the user's text; 0 after an added token, or if normalization removed that character.
    func apply(to list: inout PieceList, leading: Int, classes: ScalarClasses) {
        for stage in stages { stage.apply(to: &list, leading: leading, classes: classes) }
    }
}

extension PreTokenizer.Metaspace {
    init(_ json: JSONValue, in context: String) throws(TokenizerError) {
        let replacement = try json.scalar("replacement", in: context)
        self.replacement = Array(String(replacement).utf8)
        let name = try json.optionalString("prepend_scheme", in: context)
        let prefix = try json.bool("add_prefix_space", default: true, in: context)
        guard let scheme = PrependScheme(rawValue: name ?? "always") else {
            throw .badField("\(context).prepend_scheme", expected: "first, never or always")
        }
        guard prefix || name == nil || scheme == .never else {
            throw .badField(
                "\(context).add_prefix_space", expected: "consistent with prepend_scheme")
        }
        prependScheme = prefix ? scheme : .never
        splits = try json.bool("split", default: true, in: context)
    }
}

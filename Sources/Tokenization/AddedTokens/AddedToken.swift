import JSON

/// An entry of `added_tokens`: a token that is found in the text before the model sees it.
struct AddedToken: Sendable, Equatable {
    var content: String
    /// Only where no word character touches it.
    var singleWord = false
    /// Takes the white space before it along, or after it.
    var stripsLeft = false
    var stripsRight = false
    /// Is looked for in the normalized text, not in the text as it came.
    var normalized = true
    /// Has a meaning to the model (the beginning of a text, …); text never yields it.
    var special = false

    /// A token that is looked for in the text as it came.
    init(content: String, special: Bool) {
        (self.content, self.special, normalized) = (content, special, false)
    }

    init(_ json: JSONValue) throws(TokenizerError) {
        let context = "added_tokens"
        content = try json.string("content", in: context)
        singleWord = try json.bool("single_word", default: false, in: context)
        stripsLeft = try json.bool("lstrip", default: false, in: context)
        stripsRight = try json.bool("rstrip", default: false, in: context)
        special = try json.bool("special", default: false, in: context)
        normalized = try json.bool("normalized", default: !special, in: context)
    }
}

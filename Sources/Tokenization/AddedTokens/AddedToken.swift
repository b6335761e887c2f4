import JSON

/// An entry of `added_tokens`: a token that is found in the text before the model encodes it.
struct AddedToken: Sendable, Equatable {
    var content: String
    /// Matches only if no word character is adjacent.
    var singleWord = false
    /// Whether it includes white space before it, or after it.
    var stripsLeft = false
    var stripsRight = false
    /// Whether it is matched in the normalized text instead of the original text.
    var normalized = true
    /// Has a meaning for the model (the beginning of a text, …) and is never produced from text.
    var special = false

    /// A token that is matched in the original text.
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

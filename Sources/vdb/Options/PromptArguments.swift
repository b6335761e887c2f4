import ArgumentParser

/// Instructions that override the model's own. They are recorded with a collection as part of its
/// embedder.
struct PromptArguments: ParsableArguments {
    @Option(
        name: .customLong("instruction"),
        help: ArgumentHelp(
            """
            The instruction: next=TEXT for queries, self=TEXT for documents, or none for no \
            instructions; may be repeated (default: the collection's, else the model's).
            """, valueName: "instruction"))
    var given: [String] = []

    func validate() throws {
        for text in given where text != "none" && !Self.keys.contains(where: text.hasPrefix) {
            throw ValidationError(
                "--instruction must be next=TEXT, self=TEXT or none, not '\(text)'")
        }
    }

    private static let keys = ["next=", "self="]

    /// The instructions by their keys in the model's settings; a nil value means no instruction.
    var instructions: [String: String?] {
        var result: [String: String?] = [:]
        for text in given {
            if text == "none" {
                result = ["next": String?.none, "self": String?.none]
            } else if let key = Self.keys.first(where: text.hasPrefix) {
                result[String(key.dropLast())] = .some(String(text.dropFirst(key.count)))
            }
        }
        return result
    }
}

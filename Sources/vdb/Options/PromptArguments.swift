import ArgumentParser

/// Instructions in place of the model's own. They are recorded with a collection, as part of what
/// its vectors were made by.
struct PromptArguments: ParsableArguments {
    @Option(
        name: .customLong("instruction"),
        help: ArgumentHelp(
            """
            The model's instruction: next=TEXT for queries, self=TEXT for documents, none for \
            neither; may be repeated (default: the collection's, else the model's).
            """, valueName: "instruction"))
    var given: [String] = []

    func validate() throws {
        for text in given where text != "none" && !Self.keys.contains(where: text.hasPrefix) {
            throw ValidationError(
                "--instruction must be next=TEXT, self=TEXT or none, not '\(text)'")
        }
    }

    private static let keys = ["next=", "self="]

    /// By the model's names; nil for none.
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

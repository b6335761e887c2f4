import JSON

/// A tool as a client lists it.
package struct Tool: Sendable {
    package let name: String
    /// The name for people.
    package let title: String
    /// What a language model reads in order to choose the tool and its arguments.
    package let description: String
    /// Of the arguments.
    package let input: Schema
    /// Of the structured content.
    package let output: Schema
    package let effect: Effect

    /// What calling the tool does to the data.
    package enum Effect: Sendable {
        case reads
        /// It may replace or delete, and calling it twice is calling it once.
        case changes
    }

    package init(
        name: String, title: String, description: String, input: Schema, output: Schema,
        effect: Effect
    ) {
        self.name = name
        self.title = title
        self.description = description
        self.input = input
        self.output = output
        self.effect = effect
    }

    var json: JSONWriter {
        var line = JSONWriter()
        line.set("name", name)
        line.set("title", title)
        line.set("description", description)
        line.set("inputSchema", input.json)
        line.set("outputSchema", output.json)
        var hints = JSONWriter()
        hints.set("title", title)
        hints.set("readOnlyHint", .bool(effect == .reads))
        if effect == .changes {
            hints.set("destructiveHint", true)
            hints.set("idempotentHint", true)
        }
        // The tools see one database and nothing beyond it.
        hints.set("openWorldHint", false)
        line.set("annotations", hints)
        return line
    }
}

/// What a call of a tool gave.
package enum ToolResult: Sendable {
    /// An object that matches the tool's output schema.
    case content(JSONWriter)
    /// One sentence for the language model: what is wrong and what to do.
    case failure(String)

    var json: JSONWriter {
        var line = JSONWriter()
        switch self {
        case .content(let content):
            // Some clients show the model only one of the two.
            line.set("content", [Self.block(content.text)])
            line.set("structuredContent", content)
            line.set("isError", false)
        case .failure(let sentence):
            line.set("content", [Self.block(sentence)])
            line.set("isError", true)
        }
        return line
    }

    private static func block(_ text: String) -> JSONWriter {
        var line = JSONWriter()
        line.set("type", "text")
        line.set("text", text)
        return line
    }
}

/// The tools of a server.
package protocol ToolProvider: Sendable {
    /// The tools that clients see, always in the same order.
    var tools: [Tool] { get }

    /// What a model should know before it calls a tool; clients put it into the system prompt.
    func instructions() async -> String

    /// Calls a tool.
    ///
    /// - Returns: `nil` if there is no tool of this name.
    /// - Throws: `CancellationError` if the task is cancelled. Anything else is a failure that the
    ///   provider has no words for.
    func call(_ name: String, arguments: JSONObject) async throws -> ToolResult?
}

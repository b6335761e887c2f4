import ArgumentParser
import AutoRegEmbed
import JSON

/// `vdb decode`: decodes a text's compressed embedding.
struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Print what the frozen decoder generates from a text's compressed embedding.",
        discussion: """
            Examples:
              vdb decode "The moon pulls the oceans into two bulges."
              vdb decode "what makes dough rise?" --instruction next --max-tokens 40
              vdb decode "what makes dough rise?" --instruction next --lens 5

            With --lens N nothing is generated: one JSON object a line says which N tokens of the \
            vocabulary each compressed token is likeliest to be read as, by the decoder's head on its \
            state.
            """)

    @Argument(help: "The text.")
    var text: String

    @Option(help: ArgumentHelp("The most tokens generated.", valueName: "n"))
    var maxTokens = 128

    @Option(
        help: ArgumentHelp(
            "Print the likeliest tokens of each compressed token instead, this many.",
            valueName: "n"))
    var lens: Int?

    @OptionGroup var instruction: InstructionArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        try requirePositive(maxTokens, "--max-tokens")
        try require(lens, in: NumberLimits.tokens, "--lens")
    }

    func run() async throws {
        let embedder = try model.finder(threads: general.threads)
            .loadLanguageModel(for: "decoding")
        if let lens {
            for reading in try embedder.readCompressedTokens(
                of: text, instruction: instruction.parsed, task: instruction.task, count: lens)
            {
                var line = JSONWriter()
                line.set("token", reading.token)
                line.set("likeliest", reading.likeliest.map(\.json))
                line.print()
            }
            return
        }
        Output.line(
            try embedder.decode(
                text, instruction: instruction.parsed, task: instruction.task,
                maximumTokens: maxTokens))
    }
}

extension LikelyToken {
    fileprivate var json: JSONWriter {
        var object = JSONWriter()
        object.set("id", Int(id))
        object.set("text", text)
        // As many digits as a 32-bit float has.
        object.set("probability", .number(Double("\(Float(probability))") ?? probability))
        return object
    }
}

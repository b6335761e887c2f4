import ArgumentParser
import AutoRegEmbed

/// `vdb decode`: decodes a text's compressed embedding.
struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Print what the frozen decoder generates from a text's compressed embedding.",
        discussion: """
            Examples:
              vdb decode "The moon pulls the oceans into two bulges."
              vdb decode "what makes dough rise?" --instruction next --max-tokens 40
            """)

    @Argument(help: "The text.")
    var text: String

    @Option(help: ArgumentHelp("The most tokens generated.", valueName: "n"))
    var maxTokens = 128

    @OptionGroup var instruction: InstructionArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws { try requirePositive(maxTokens, "--max-tokens") }

    func run() async throws {
        let embedder = try model.finder(threads: general.threads)
            .loadLanguageModel(for: "decoding")
        Output.line(
            try embedder.decode(
                text, instruction: instruction.parsed, task: instruction.task,
                maximumTokens: maxTokens))
    }
}

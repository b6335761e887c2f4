import ArgumentParser
import AutoRegEmbed

/// The instruction with which texts are encoded.
struct InstructionArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "next (what should follow, for queries), self (the text itself, for documents), none, "
                + "or the text of an instruction.", valueName: "instruction"))
    var instruction = "self"

    @Option(help: "The task whose instructions next and self refer to.")
    var task = EmbeddingTask.retrieval

    var parsed: Instruction { Instruction(argument: instruction) }
}

extension Instruction {
    /// - Parameter argument: next, self, none, or a text.
    init(argument: String) {
        self =
            switch argument {
            case "next": .next
            case "self": .self_
            case "none": .none
            default: .custom(argument)
            }
    }
}

extension EmbeddingTask: ExpressibleByArgument {}

import ArgumentParser
import AutoRegEmbed

/// What a model is asked to express about a text.
struct InstructionArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "next (what should follow: for queries), self (the text itself: for documents), none, "
                + "or an instruction's own text.", valueName: "instruction"))
    var instruction = "self"

    @Option(help: "Which of the model's instructions next and self mean.")
    var task = EmbeddingTask.retrieval

    var parsed: Instruction {
        switch instruction {
        case "next": .next
        case "self": .self_
        case "none": .none
        default: .custom(instruction)
        }
    }
}

extension EmbeddingTask: ExpressibleByArgument {}

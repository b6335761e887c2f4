import ArgumentParser
import AutoRegEmbed
import Foundation
import Tuning
import VectorDatabase

/// `vdb generate`: has a language model answer questions, as training data for `vdb train respond`.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Let the language model answer queries, to train on its answers.",
        discussion: """
            Writes a JSON object a line, in the queries' order, which 'vdb train respond' reads: id, \
            query, prompt (the instruction, unless it is none), answer, tokens, and finished, which is \
            false if --max-tokens ended the answer. Decoding is greedy: the same command writes the \
            same bytes, with any number of threads.

              vdb generate --queries questions.jsonl --model Qwen3-0.6B --out answers.jsonl

            The chat format has {query} for instruction and query, and {bos} for the token that begins \
            a text. Without --chat it is "chat" in the model's autoregembed.json, else the model's \
            chat template if that is ChatML, Llama 3's, Mistral's, Gemma's or Qwen3's (with thinking \
            off), else "{bos}{query}\\n". Of a prompt's part with the query, --max-length tokens are \
            read (default: 1024).

            --resume continues a run that was interrupted or killed: whole lines stay, and the result \
            is what one run would have written. OUT.json records what the answers depend on.
            """)

    @Option(
        help: ArgumentHelp(
            "The queries: id<TAB>text, or JSON Lines with _id and text; - for standard input.",
            valueName: "file"),
        completion: .file())
    var queries: String
    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var out: String
    @Option(
        help: ArgumentHelp(
            "What precedes each query: next or self (of the model's instructions), none, or a text.",
            valueName: "instruction"))
    var instruction = "none"
    @Option(help: ArgumentHelp("The chat format (default: the model's).", valueName: "text"))
    var chat: String?
    @Option(help: ArgumentHelp("The most tokens of an answer.", valueName: "n"))
    var maxTokens = 500
    @Option(
        help: ArgumentHelp("The most answers that each thread writes at once.", valueName: "n"))
    var batchSize = 32
    @Flag(help: "Continue a run that did not finish.") var resume = false

    @OptionGroup var model: ModelArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        try require(maxTokens, in: NumberLimits.tokens, "--max-tokens")
        try require(batchSize, in: NumberLimits.batch, "--batch-size")
        let places = [queries, out].map {
            URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path
        }
        if queries != "-", places[0] == places[1] {
            throw ValidationError("--out must be another file than --queries")
        }
        if let chat, ChatFormat(chat) == nil {
            throw ValidationError("--chat must have {query} once")
        }
    }

    func run() async throws {
        Interruption.finishesCleanly()
        let asked = try await readQueries()
        var model = model
        // It limits prompts here, and is no setting of the embedder.
        model.maxLength = nil
        let embedder = try model.finder(threads: general.threads, isForVectors: false)
            .loadLanguageModel(for: "generating")
        let options = options
        let generator = try AnswerGenerator(embedder, options: options)
        if generator.chatSource == .unknownTemplate {
            general.say(
                "the model's chat template is of no form that vdb knows, so it is asked with "
                    + "\"{bos}{query}\\n\"; --chat sets its format")
        }
        let record = GenerationRecord(
            chat: generator.chat.source, prompt: generator.instruction,
            model: embedder.identity.fingerprint, arithmetic: embedder.arithmetic,
            maximumTokens: options.maximumTokens, maximumLength: options.maximumLength)
        if resume { try record.check(against: out + ".json") }
        let file = try AnswersFile(
            out, queries: asked, prompt: generator.instruction, resumes: resume)
        try record.write(to: out + ".json")
        let reporter = GenerationReporter(
            total: asked.count, before: file.keptCount, isQuiet: general.quiet)
        defer { reporter.clear() }
        try file.complete(
            with: generator, isCancelled: { Interruption.isRequested },
            advance: reporter.advance, progress: reporter.add)
        reporter.clear()
        general.say(reporter.summary(path: out))
    }

    private var options: AnswerGenerator.Options {
        var options = AnswerGenerator.Options()
        options.maximumTokens = maxTokens
        options.maximumLength = model.maxLength ?? options.maximumLength
        options.instruction = Instruction(argument: instruction)
        options.chat = chat.flatMap { ChatFormat($0) }
        options.batchSize = batchSize
        return options
    }

    private func readQueries() async throws -> [AnswersFile.Query] {
        var read: [AnswersFile.Query] = []
        for try await document in try DocumentReader([queries]) {
            read.append(AnswersFile.Query(id: document.id, text: document.embeddedText))
        }
        return read
    }
}

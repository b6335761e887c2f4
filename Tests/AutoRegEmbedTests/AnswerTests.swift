import AutoRegEmbed
import Foundation
import Synchronization
import TestSupport
import Testing

/// `Fixtures/chats.json`: what transformers renders from chat templates, and what it generates.
private struct ChatFixture: Decodable {
    struct Template: Decodable {
        let name: String
        let template: String
        let rendered: String?
    }

    struct Answer: Decodable {
        let chat: String
        let query: String
        let prompt: [Int32]
        let tokens: [Int32]
        let answer: String
        let finished: Bool
        let gap: Double
    }

    let templates: [Template]
    let answers: [Answer]

    static func read() throws -> ChatFixture {
        try JSONDecoder().decode(
            ChatFixture.self, from: Data(contentsOf: EmbedderFixture.folder("chats.json")))
    }
}

@Suite struct AnswerTests {
    private func embedder(_ folder: URL, threads: Int = 1) throws -> AutoRegEmbedder {
        var options = AutoRegEmbedder.Options()
        options.precision = .float32
        options.threads = threads
        return try AutoRegEmbedder(folder: folder, options: options)
    }

    private func answers(
        _ generator: AnswerGenerator, _ queries: [String]
    ) throws -> [Answer] {
        let found = Mutex<[Int: Answer]>([:])
        try generator.answer(queries) { number, answer in found.withLock { $0[number] = answer } }
        return found.withLock { found in queries.indices.compactMap { found[$0] } }
    }

    /// A replacement character stands for any number of broken bytes.
    private func joined(_ text: String) -> String {
        text.replacing(/\u{FFFD}+/, with: "\u{FFFD}")
    }

    @Test func writesWhatTransformersGenerates() throws {
        let rows = try ChatFixture.read().answers
        let embedder = try embedder(EmbedderFixture.folder("base"))
        for chat in Set(rows.map(\.chat)) {
            var options = AnswerGenerator.Options()
            options.chat = ChatFormat(chat)
            options.maximumTokens = 24
            options.maximumLength = 40
            let generator = try AnswerGenerator(embedder, options: options)
            #expect(generator.chat.source == chat)
            let rows = rows.filter { $0.chat == chat }
            let prompt = ChatPrompt(
                generator.chat, tokenizer: embedder.tokenizer, instruction: "", maximumLength: 40)
            let found = try answers(generator, rows.map(\.query))
            for (row, answer) in zip(rows, found) {
                #expect(prompt.tokens(for: row.query) == row.prompt, "\(chat) \(row.query)")
                #expect(joined(answer.text) == joined(row.answer), "\(chat) \(row.query)")
                #expect(answer.tokenCount == row.tokens.count)
                #expect(answer.isFinished == row.finished)
            }
        }
    }

    @Test func doesNotDependOnBatchOrThreads() throws {
        let queries = (0..<40).map { "question \($0 * $0)" + String(repeating: "?", count: $0) }
        var all: [[Answer]] = []
        for (batchSize, threads) in [(1, 1), (3, 2), (8, 1)] {
            var options = AnswerGenerator.Options()
            options.batchSize = batchSize
            options.maximumTokens = 12
            options.instruction = .custom("Answer: ")
            let folder = try EmbedderFixture.folder("lora")
            let generator = try AnswerGenerator(
                embedder(folder, threads: threads), options: options)
            #expect(generator.instruction == "Answer: ")
            all.append(try answers(generator, queries))
        }
        #expect(all[0].count == queries.count)
        #expect(all[1] == all[0] && all[2] == all[0])
    }

    @Test func aFormatHasTheQueryOnce() {
        for text in ["", "{bos}", "query", "{query}{query}", "{quer\u{79}\u{301}}"] {
            #expect(ChatFormat(text) == nil, "\(text)")
        }
        #expect(ChatFormat.plain.source == "{bos}{query}\n")
        #expect(ChatFormat("{query}")?.source == "{query}")
    }

    // MARK: Chat templates

    @Test func recognizesWhatCommonTemplatesRender() throws {
        for template in try ChatFixture.read().templates {
            #expect(
                ChatTemplate(template.template).format?.source == template.rendered,
                "\(template.name)")
        }
    }

    /// The settings' format is preferred to the template's, and the caller's to both.
    @Test func takesTheFormatOfTheFolder() throws {
        let folder = try EmbedderFixture.copy("base")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        func source(_ options: AnswerGenerator.Options = .init()) throws -> String {
            let generator = try AnswerGenerator(embedder(folder), options: options)
            return "\(generator.chatSource) \(generator.chat.source)"
        }
        func configuration(_ template: String) throws {
            try write(
                #"{"bos_token":"<s>","eos_token":"</s>","chat_template":\#(template)}"#,
                "tokenizer_config.json")
        }
        #expect(try source() == "none {bos}{query}\n")
        try configuration(#""{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}""#)
        #expect(try source() == "template {bos}[INST] {query} [/INST]")
        try configuration(
            #"""
            [{"name":"tool_use","template":"no"},
             {"name":"default","template":"{{ bos_token + '[INST]' + content + '[/INST]' }}"}]
            """#)
        #expect(try source() == "template {bos}[INST]{query}[/INST]")
        try write("{{ content }}", "chat_template.jinja")
        #expect(try source() == "unknownTemplate {bos}{query}\n")
        let fingerprint = try embedder(folder).identity.fingerprint
        try write(#"{"chat": "{bos}</s>{query}</s>"}"#, "autoregembed.json")
        #expect(try source() == "settings {bos}</s>{query}</s>")
        #expect(try embedder(folder).identity.fingerprint == fingerprint)
        var options = AnswerGenerator.Options()
        options.chat = ChatFormat("Q: {query}")
        #expect(try source(options) == "options Q: {query}")
        try write(#"{"chat": "no place for it"}"#, "autoregembed.json")
        #expect(throws: AutoRegEmbedError.self) { try embedder(folder) }
    }

    @Test func theControlTokenAfterTheQueryEndsAnAnswer() throws {
        let tokenizer = try embedder(EmbedderFixture.folder("base")).tokenizer
        func end(_ chat: String) throws -> Int32? {
            ChatPrompt(
                try #require(ChatFormat(chat)), tokenizer: tokenizer, instruction: "",
                maximumLength: 9
            ).endOfTurn
        }
        #expect(try end("{bos}{query}\n") == nil)
        #expect(try end("{query}\n<EMBED1>x</s>") == tokenizer.id(ofToken: "<EMBED1>"))
        #expect(try end("<EMBED1>{query}</s>") == tokenizer.eosID)
    }
}

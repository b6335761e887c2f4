import AutoRegEmbed
import Foundation
import Testing
import TrainingTestSupport
import Training

/// Training reads texts through the folder's own template, instructions and compressed tokens.
struct TemplateTests {
    /// tiny/ with other settings.
    private func model(_ fixture: TrainingFixture, settings: String) throws -> String {
        let folder = fixture.output("model")
        try FileManager.default.copyItem(atPath: TrainingFixture.path("tiny"), toPath: folder)
        _ = try fixture.write(settings, "model/autoregembed.json")
        return folder
    }

    @Test(arguments: [
        #"{bos}Text: {text}.\n{instruction}:{compressed_tokens}"#,
        #"{instruction}\n\n{text}{compressed_tokens} end"#,
        #"{bos}{text} {text}\n{compressed_tokens}"#,
    ])
    func theFirstLossIsThatOfTheEmbeddersVectors(template: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        // The tokens' order is the folder's as well.
        let folder = try model(
            fixture,
            settings: """
                {"compressed_tokens":["<EMBED1>","<EMBED0>"],"max_length":3,"template":"\(template)",
                "instructions":{"retrieval":{"next":"what flows","self":"a wing"}}}
                """)
        var options = try fixture.options(.contrast, model: folder)
        options.maximumSteps = 1
        let loss = try fixture.losses(options)[0]

        let embedder = try AutoRegEmbedder(folder: URL(filePath: folder))
        let lines = try String(contentsOfFile: TrainingFixture.path("rows.jsonl"), encoding: .utf8)
        var expected = 0.0
        for line in lines.split(separator: "\n").prefix(2) {
            let row = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let query = try #require(row["query"] as? String)
            let documents =
                try #require(row["pos"] as? [String]) + #require(row["neg"] as? [String])
            let q = try embedder.encode([query], instruction: .next)[0].vector
            let scores = try embedder.encode(documents, instruction: .self_).map { document in
                zip(q, document.vector).reduce(0.0) { $0 + Double($1.0 * $1.1) } / 0.02
            }
            let highest = scores.max() ?? 0
            expected +=
                (log(scores.reduce(0) { $0 + exp($1 - highest) }) + highest - scores[0]) / 2
        }
        #expect(abs(Double(loss) - expected) < 1e-3 * max(1, expected))
        // And what is written keeps it all.
        let settings = try String(
            contentsOfFile: options.output + "/autoregembed.json", encoding: .utf8)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(settings.utf8)) as? [String: Any])
        #expect(object["template"] as? String == template.replacing("\\n", with: "\n"))
        #expect(object["compressed_tokens"] as? [String] == ["<EMBED1>", "<EMBED0>"])
    }

    @Test func aTemplateWithoutCompressedTokensCannotBeTrained() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let folder = try model(fixture, settings: #"{"template":"{bos}{text}","pooling":"last"}"#)
        #expect {
            try fixture.losses(fixture.options(.contrast, model: folder))
        } throws: { error in
            "\(error)".hasSuffix(
                "autoregembed.json: the template has no {compressed_tokens}, which contrast trains")
        }
    }
}

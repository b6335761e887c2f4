import Foundation
import Testing
import TrainingTestSupport
import Training

/// What training data may look like, and what is said of it where it does not.
struct DataTests {
    private func failure(_ stage: TrainingStage, _ text: String) throws -> String {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try fixture.write(text, "data.jsonl")
        do {
            _ = try fixture.losses(fixture.options(stage, data: data))
            return ""
        } catch let error as TrainingError {
            return error.description.replacing(fixture.scratch.path + "/", with: "")
        }
    }

    @Test func badRowsAreNamedByLineAndKey() throws {
        let good = #"{"query":"a","pos":["b"],"neg":["c"]}"#
        #expect(
            try failure(.align, "\(good)\n\n{\"query\":\"a\",\"neg\":[]}\n")
                == "data.jsonl:3: the key \"pos\" is missing")
        #expect(
            try failure(.align, good + "\nnonsense\n") == "data.jsonl:2: not a JSON object")
        #expect(
            try failure(.align, #"{"query":"a","pos":"b","neg":[1]}"#)
                == "data.jsonl:1: \"neg\" is neither a string nor an array of strings")
        #expect(
            try failure(.align, #"{"query":"a","pos":["b"],"neg":[]}"#)
                .hasPrefix("data.jsonl:1: no negative"))
        #expect(
            try failure(.compress, #"{"context":"a","instruction":"b"}"#)
                == "data.jsonl:1: the key \"output\" is missing")
        #expect(
            try failure(.compress, #"{"context":"a","instruction":["b"],"output":"c"}"#)
                == "data.jsonl:1: \"instruction\" is not a string")
        #expect(
            try failure(.compress, #"{"document":"a"}"#)
                == "data.jsonl:1: the key \"context\" is missing")
        #expect(
            try failure(.align, good + "\n{\"query\":\"a\",}\n")
                == "data.jsonl:2: not JSON: expected a key in double quotes at byte 14")
        #expect(
            try failure(.contrast, #"{"sentence1":"a","sentence2":"b","score":0.4}"#)
                .hasPrefix("data.jsonl:1: \"score\": pairs with a label or score are not supported")
        )
        #expect(
            try failure(.contrast, #"["a"]"#)
                == "data.jsonl:1: an array needs at least a query and a positive")
        #expect(
            try failure(.pretrain, "{\"text\":\"a\"}\n{\"text\":\"\u{0}\"}").hasPrefix(
                "data.jsonl:2: not JSON"))
        #expect(try failure(.pretrain, "\n \n") == "data.jsonl: no rows to train on")
    }

    private static let pairLayouts = [
        // FlagEmbedding
        #"{"query":"the wing","pos":["air"],"neg":["a plane","lifts"],"type":"normal"}"#,
        #"{"query":"the wing","pos":"air","neg":["a plane","lifts"],"pos_scores":[1.5],"id":3}"#,
        #"{"query":"the wing","pos":["air"],"neg":["a plane","lifts"],"prompt":null}"#,
        // sentence-transformers
        #"{"anchor":"the wing","positive":"air","negative_1":"a plane","negative_2":"lifts"}"#,
        #"{"anchor":"the wing","positive":"air","negative_0":"a plane","negative_1":"lifts"}"#,
        #"{"query":"the wing","positive":"air","negative":["a plane","lifts"]}"#,
        #"{"question":"the wing","answer":"air","negatives":["a plane","lifts"]}"#,
        #"{"sentence1":"the wing","sentence2":"air","negatives":["a plane","lifts"]}"#,
        #"["the wing","air","a plane","lifts"]"#,
        // escapes, a byte order mark, the end of a line as Windows has it
        "\u{FEFF}" + #" { "query" : "the\u0020wing","pos":["air"],"neg":["a plane","lifts"]}"#
            + "\r",
    ]

    @Test(arguments: pairLayouts)
    func layoutsOfPairsGiveTheSameLosses(layout: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        func losses(_ text: String) throws -> [Float] {
            let data = try fixture.write(text, "\(UUID()).jsonl")
            return try fixture.losses(fixture.options(.contrast, data: data))
        }
        #expect(try losses(layout + "\n") == losses(Self.pairLayouts[0]))
    }

    @Test func aPromptStandsForTheQuerysInstruction() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        func loss(_ prompt: String?) throws -> Float {
            let data = try fixture.write(
                #"{"query":"the wing","pos":["air"],"neg":["a plane"]\#(prompt ?? "")}"#,
                "\(UUID()).jsonl")
            return try fixture.losses(fixture.options(.contrast, data: data))[0]
        }
        let instruction =
            "Use one word to represent the query in a retrieval task. The word is: \u{201C}"
        let none = try loss(nil)
        #expect(try loss(#","prompt":"\#(instruction)""#) == none)
        #expect(try loss(#","prompt":"What?""#) != none)
    }

    @Test func layoutsForCompressionGiveTheSameLosses() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        func losses(_ text: String) throws -> [Float] {
            let data = try fixture.write(text, "\(UUID()).jsonl")
            return try fixture.losses(fixture.options(.compress, data: data))
        }
        let first = try losses(#"{"context":"the wing","instruction":"What?","output":"air"}"#)
        #expect(try losses(#"{"input":"the wing","prompt":"What?","answer":"air"}"#) == first)
        #expect(try losses(#"{"instruction":"What?","input":"the wing","output":"air"}"#) == first)
        // Retrieval data: a query's positive under I_next, a document itself under I_self.
        let next = "Use one word to represent the query in a retrieval task. The word is: \u{201C}"
        let own =
            "Use one word to represent the passage in a retrieval task. The word is: \u{201C}"
        #expect(
            try losses(#"{"query":"the wing","pos":["air"],"instruction":"What?"}"#)
                == losses(#"{"context":"the wing","instruction":"\#(next)","output":"air"}"#))
        #expect(
            try losses(#"{"_id":"1","title":"the","text":"wing"}"#)
                == losses(
                    #"{"context":"the wing","instruction":"\#(own)","output":"the wing"}"#))
    }

    @Test func settingsThatCannotBeAreRefused() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.align)
        options.similarity = .kl
        options.strategy = .bothDirections
        #expect {
            try fixture.losses(options)
        } throws: { error in
            "\(error)".hasPrefix("strategy must be 0")
        }
    }
}

import Foundation
import Testing
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
        #expect(try failure(.pretrain, "\n \n") == "data.jsonl: there is no row to train on")
    }

    @Test func otherLayoutsGiveTheSameLosses() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        func losses(_ text: String) throws -> [Float] {
            let data = try fixture.write(text, "\(UUID()).jsonl")
            return try fixture.losses(fixture.options(.contrast, data: data))
        }
        let own = try losses(#"{"query":"the wing","pos":["air"],"neg":["a plane","lifts"]}"#)
        #expect(
            try losses(#"{"query":"the wing","pos":"air","neg":["a plane","lifts"]}"#) == own)
        #expect(
            try losses(
                #"{"anchor":"the wing","positive":"air","negative_1":"a plane","negative_2":"lifts"}"#
            )
                == own)
        #expect(
            try losses(
                #"{"query":"the wing","pos":["air"],"neg":["a plane","lifts"],"prompt":"What?"}"#)
                != own)
    }

    @Test func settingsThatCannotBeAreRefused() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.align)
        options.similarity = .kl
        options.strategy = 2
        #expect {
            try fixture.losses(options)
        } throws: { error in
            "\(error)".hasPrefix("--strategy: must be 0")
        }
    }
}

import DefaultModel
import Foundation
import Testing

/// An adapter whose base has a name on the hub and lies in a folder here: the built-in model, taken
/// apart.
@Suite(.serialized) struct AdapterBaseTests {
    let vdb = Program()

    /// `whole` is the model, `adapter` and `base` its parts. The adapter has no tokenizer.
    private func takeApart() throws {
        let files = FileManager.default
        let whole = URL(fileURLWithPath: vdb.path("whole"))
        try DefaultModel.resource.write(to: whole)
        for (folder, names) in [
            "adapter": ["adapter_config.json", "adapter_model.safetensors"],
            "base": [
                "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
                "autoregembed.json",
            ],
        ] {
            let folder = URL(fileURLWithPath: vdb.path(folder))
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in names {
                try files.copyItem(
                    at: whole.appendingPathComponent(name), to: folder.appendingPathComponent(name))
            }
        }
        let file = URL(fileURLWithPath: vdb.path("adapter/adapter_config.json"))
        var object = Program.object(String(decoding: try Data(contentsOf: file), as: UTF8.self))
        object["base_model_name_or_path"] = "someone/something"
        try JSONSerialization.data(withJSONObject: object).write(to: file)
    }

    @Test func isGivenWhereAModelIsChosen() throws {
        try takeApart()
        let given = ["--model", "adapter", "--base", "base"]
        func vector(_ arguments: [String]) throws -> [Double] {
            try vdb.run(["embed", "a text"] + arguments).object["embedding"] as? [Double] ?? []
        }
        let expected = try vector(["--model", "whole"])
        #expect(expected.count == 384)
        #expect(try vector(given) == expected)
        #expect(
            try vdb.run(["tokenize", "a text"] + given).output
                == vdb.run("tokenize", "a text", "--model", "whole").output)

        try vdb.fails(
            65, "the folder someone/something was not found", "embed", "x", "--model", "adapter")
        try vdb.fails(
            65, "'vdb model add hf:someone/something' fetches it, or pass its folder with --base",
            "embed", "x", "--model", "adapter")
        try vdb.fails(65, "--base", "tokenize", "x", "--model", "adapter")
        try vdb.fails(65, "leave --base out", "embed", "x", "--model", "base", "--base", "base")
        try vdb.fails(65, "leave --base out", "embed", "x", "--base", "base")

        // The database remembers it.
        try vdb.write("a.jsonl", #"{"_id": "1", "text": "a wing lifts"}"# + "\n")
        try vdb.run(["ingest", "a.jsonl", "--quiet"] + given)
        let hits = try vdb.run("query", "wing", "--mode", "dense", "--format", "json").object
        #expect((hits["hits"] as? [Any])?.count == 1)
        try FileManager.default.moveItem(atPath: vdb.path("base"), toPath: vdb.path("moved"))
        try vdb.fails(69, "base/config.json", "query", "wing", "--mode", "dense")
        let again = try vdb.run(
            "query", "wing", "--mode", "dense", "--format", "json", "--base", "moved"
        ).object
        #expect((again["hits"] as? [Any])?.count == 1)
    }

    /// The base lies in Hugging Face's cache under the name that the adapter gives.
    @Test func isFoundInTheCache() throws {
        try takeApart()
        let hash = String(repeating: "ab", count: 20)
        let root = "hf/hub/models--someone--something"
        try vdb.write("\(root)/refs/main", hash)
        try vdb.write("\(root)/snapshots/x", "")
        try FileManager.default.moveItem(
            atPath: vdb.path("base"), toPath: vdb.path("\(root)/snapshots/\(hash)"))
        let environment = ["HF_HOME": vdb.path("hf"), "VDB_MODELS": vdb.path("store")]
        let found = try vdb.run("embed", "a text", "--model", "adapter", environment: environment)
        #expect(found.status == 0, "\(found.errors)")
        let expected = try vdb.run("embed", "a text", "--model", "whole")
        #expect(found.output == expected.output)
        #expect(
            try vdb.run("tokenize", "a text", "--model", "adapter", environment: environment).output
                == vdb.run("tokenize", "a text", "--model", "whole").output)
        try vdb.write("a.jsonl", #"{"_id": "1", "text": "a wing lifts"}"# + "\n")
        try vdb.run(
            "ingest", "a.jsonl", "--quiet", "--model", "adapter", environment: environment)
        let hits = try vdb.run(
            "query", "wing", "--mode", "dense", "--format", "json", environment: environment)
        #expect((hits.object["hits"] as? [Any])?.count == 1, "\(hits.errors)")
    }
}
